"""A shop's board with something of everything that the page can show, always the same.

It is what axe-core and the widths are tried on, and what the picture in README.md shows.
"""

from collections.abc import Callable
from typing import NamedTuple

from gitkanban import clock
from gitkanban.board.review.history import Event
from gitkanban.core.agents.transcript import Entry
from gitkanban.core.forecast.usual import usual_forecast
from gitkanban.core.model import Note, Run
from gitkanban.core.names import CardId, RunId
from gitkanban.core.situation.figures import Figures, WorkSize, cost_of
from gitkanban.views.page.value import CardExtras, CardPatch, PageContent
from tests.support.boards import NOW, board, observed
from tests.support.boards import live as live_run
from tests.views.page.contents import content_of

MINUTE = 60
WORKERS = """
    backend pool 3
    frontend pool 2
    owner lane
    host 5
    capacity browser 1
"""
CARDS = """
    CO-1 done @owner title=Define_the_checkout_contract merged=0c1d2e3f4a5b
    CO-2 review <- CO-1 @backend !2 title=Implement_cart_pricing_with_taxes_and_vouchers labels=api,money
    CO-3 blocked <- CO-1 @frontend !1 title=結帳頁面：付款方式與地址表單 reason=needs-input why=Which_payment_provider:_Stripe_or_Adyen? labels=web
    V1 blocked <- CO-1 @backend title=Validate_vouchers reason=failed why=verify:_pytest_-q_exited_1 labels=money
    CO-4 running <- CO-1 @backend title=Email_receipts labels=mail
    CO-5 running <- CO-1 @backend title=Rate_limiting_of_the_public_API labels=api
    CO-8 running <- CO-1 @frontend title=Address_form_with_postcodes needs browser:1 labels=web
    CO-9 todo <- CO-1 @backend title=Cache_the_price_list labels=api
    CO-10 todo <- CO-2 @frontend title=Basket_page_with_vouchers labels=web
    CO-6 todo <- CO-2 CO-3 CO-4 @owner title=Integration_tests
    CO-7 todo <- CO-6 @owner title=Write_the_integration_guide labels=docs
    REL backlog <- CO-7 @owner title=Release_1.0
    IDEA backlog @frontend title=Gift_cards labels=web
    T0 done @owner title=Choose_the_web_framework merged=1c1d2e3f4a5b
    T1 done <- T0 @backend title=Skeleton_with_health_check merged=2c1d2e3f4a5b
    T2 done <- T0 @frontend title=Style_guide_and_components merged=3c1d2e3f4a5b
    T3 done <- T1 @backend title=Database_schema_and_migrations merged=4c1d2e3f4a5b
    OLD dropped @frontend title=Wish_lists
"""
PATCH = """\
diff --git a/shop/cart.py b/shop/cart.py
--- a/shop/cart.py
+++ b/shop/cart.py
@@ -12,8 +12,10 @@ class Cart:
     def total(self) -> Decimal:
-        return sum(line.price for line in self.lines)
+        net = sum(line.price * line.count for line in self.lines)
+        net -= sum(voucher.worth(net) for voucher in self.vouchers)
+        return (net * (1 + self.tax)).quantize(CENT, ROUND_HALF_EVEN)
     # Lines come in the order in which they were added.
     def add(self, line: Line) -> None:
         self.lines.append(line)
diff --git a/tests/test_cart.py b/tests/test_cart.py
new file mode 100644
--- /dev/null
+++ b/tests/test_cart.py
@@ -0,0 +1,4 @@
+def test_a_voucher_is_taken_off_before_the_tax() -> None:
+    cart = Cart(tax=Decimal("0.19"))
+    cart.add(Line(price=Decimal(10), count=2))
+    assert cart.total() == Decimal("23.80")
"""


_WHY = {
    "verify-failed": "verify: pytest -q exited 1",
    "blocked": "Which payment provider: Stripe or Adyen?",
}
# Sessions at work: card, slot, seconds since they began.
_AT_WORK = (("CO-4", "backend#1", 8), ("CO-5", "backend#2", 130), ("CO-8", "frontend#1", 1260))


def _runs() -> tuple[Run, ...]:
    """The runs that have ended: (card, slot, minutes ago that it began, minutes, cost, outcome)."""
    rows = (
        ("T0", "owner#1", 330, 24, "0.11", "succeeded"), ("T1", "backend#1", 300, 41, "0.32", "succeeded"),
        ("T2", "frontend#1", 296, 55, "0.40", "succeeded"), ("T3", "backend#2", 255, 38, "0.27", "succeeded"),
        ("CO-1", "owner#1", 210, 33, "0.18", "succeeded"), ("V1", "backend#2", 170, 12, "0.09", "verify-failed"),
        ("CO-3", "frontend#2", 168, 22, "0.16", "blocked"), ("CO-2", "backend#1", 160, 44, "0.35", "succeeded"),
        ("V1", "backend#2", 110, 15, "0.12", "verify-failed"), ("CO-4", "backend#3", 90, 20, "", "timed-out"),
    )  # fmt: skip
    summaries = {
        "CO-2": "The total takes vouchers off before the tax, and rounds half to even.",
        "CO-3": "The form is there; who takes the payment is open.",
    }
    return tuple(
        Run(
            RunId(f"01{number:02}{card.lower()}"), CardId(card), slot, "build-1", "c", slot.split("#")[0],
            NOW - began * MINUTE, NOW - (began - took) * MINUTE, outcome, cost_usd=cost,
            commit=f"{number}f2619f1aa" if outcome == "succeeded" else "",
            why=_WHY.get(outcome, ""),
            summary=summaries.get(card, ""),
        )
        for number, (card, slot, began, took, cost, outcome) in enumerate(rows)
    )  # type: ignore[arg-type]  # fmt: skip


def _events(runs: tuple[Run, ...]) -> list[Event]:
    """What the ends of the runs did to their cards, the latest first, and what a person did."""
    after = {
        "succeeded": ("review", "ready for review"),
        "blocked": ("blocked", "asks: Stripe or Adyen?"),
    }
    events = [
        Event(f"{number}abcdef0123", run.ended, "tick", run.card, text, actor="tick", status=status)
        for number, run in enumerate(runs)
        for status, text in [after.get(run.outcome, ("todo", f"{run.outcome}, retry in 9s"))]
    ]
    events.append(
        Event(
            "e5ccdef0123",
            NOW - 175 * MINUTE,
            "Ada",
            CardId("CO-1"),
            "accepted",
            actor="Ada",
            status="done",
        )
    )
    events.append(
        Event("f5ccdef0123", NOW - 340 * MINUTE, "Ada", CardId(""), "a board", actor="Ada")
    )
    return sorted(events, key=lambda event: -event.at)


def shop() -> PageContent:
    """A board on which three cards need somebody, three run, and the rest is done or waits."""
    given = board(CARDS, workers=WORKERS)
    runs = _runs()
    by_card: dict[CardId, tuple[Run, ...]] = {}
    for run in runs:
        by_card[run.card] = (*by_card.get(run.card, ()), run)
    body = "Prices are in cents.\n\n- vouchers come off before the tax\n- round half to even\n"
    cards = {**given.cards}
    cards[CardId("CO-2")] = cards[CardId("CO-2")]._replace(
        body=body,
        acceptance=("every rule has a test", "pytest -q passes"),
        model="large",
        effort="high",
    )
    notes = {
        CardId("CO-2"): (
            Note(
                "n1",
                CardId("CO-2"),
                "Ada",
                NOW - 50 * MINUTE,
                "note",
                "Finance asks for half-even.",
            ),
        )
    }
    given = given._replace(commit="74c12eb0d1", cards=cards, runs=by_card, notes=notes)
    at_work = tuple(
        live_run(f"run-{card} of {card} @{slot.split('#')[0]} in {slot}")
        for card, slot, _ in _AT_WORK
    )
    seen = observed(runs=at_work)
    figures = Figures(
        {run.run: cost_of(run) for run in runs},
        {CardId("CO-2"): WorkSize(8, 1, 2)},
        frozenset({"CO-2"}),
    )
    extras = {
        CardId("CO-2"): CardExtras(CardPatch(PATCH, 5000)),
        CardId("CO-9"): CardExtras(prompt="You are a backend engineer.\n\nImplement card CO-9."),
        CardId("V1"): CardExtras(log=(
            Entry("text", "I'll look at the failing test.", NOW - 7000), Entry("run", "pytest -q", NOW - 6990),
            Entry("result", "exit 1, 2 failed", NOW - 6980, True),
        )),
        CardId("CO-5"): CardExtras(log=(Entry("edit", "api/limit.py  +41", NOW - 5),)),
    }  # fmt: skip
    content = content_of(
        given, seen=seen, figures=figures, runs=runs, events=_events(runs),
        forecast=usual_forecast(given, seen, runs), extras=extras,
    )  # fmt: skip
    began = {
        card: clock.iso(NOW - ago) for card, _, ago in _AT_WORK
    }  # else told by locks and tokens
    rows = [{**row, **_begun(began.get(row["id"]))} for row in content.status["cards"]]
    return content._replace(status={**content.status, "cards": rows, "ticked": clock.iso(NOW - 12)})


def _begun(at: str | None) -> dict[str, str]:
    return {"since": at, "started": at} if at else {}


def big() -> PageContent:
    """A board with more of everything than fits: columns, slots, and a graph that is folded."""
    lines = ["T0 review @backend"]
    lines += [f"A{number} todo <- T0 @backend" for number in range(40)]
    lines += [
        f"C{number} todo <- {f'C{number - 1}' if number else 'T0'} @frontend"
        for number in range(60)
    ]
    lines += [f"B{number} blocked @owner reason=needs-input why=Which?" for number in range(20)]
    lines += [f"D{number} done @owner" for number in range(70)]
    lines += [f"W{number} todo <- W{(number + 1) % 3} @w" for number in range(3)]  # a cycle
    return content_of(board(*lines, workers=WORKERS.replace("pool 3", "pool 60"), broken=("X",)))


def empty() -> PageContent:
    """A board without cards."""
    return content_of(board(workers=WORKERS))


def plan() -> PageContent:
    """What a branch would change of the shop's board."""
    content = shop()
    fields = {"title": {"before": "Gift cards", "after": "Gift cards and credit"}}
    changes = {
        "a": "main", "b": "plan", "cycles": [["CO-6", "CO-7"]], "broken": ["cards/X.yaml"],
        "cards": [
            {"id": "CO-10", "title": "Basket page with vouchers", "kind": "added", "fields": {}},
            {"id": "IDEA", "title": "Gift cards", "kind": "changed", "fields": fields},
            {"id": "OLD", "title": "Wish lists", "kind": "removed", "fields": {}},
        ],
        "config": [
            {"path": "workers.backend.command", "before": "", "after": "claude -p", "executes": True},
            {"path": "max_concurrency", "before": "5", "after": "6", "executes": False},
        ],
    }  # fmt: skip
    return content._replace(changes=changes, of_now=False)


class View(NamedTuple):
    """A state of the page: what it shows, what is done there,
    and the part in which that is seen.
    """

    content: Callable[[], PageContent]
    script: str = ""
    part: str = ""  # a selector; empty: the whole page


def _card(name: str, content: Callable[[], PageContent] = shop) -> View:
    return View(content, f"location.hash = '{name}'", "#drawer")


def _lanes(kind: str) -> str:
    return f"""
        const choose = $('#board .lanes');
        choose.value = '{kind}';
        choose.dispatchEvent(new Event('change'));
        $('#board').scrollIntoView();
    """


_SEARCH = """
const box = $('#search');
box.value = 'nothing like it';
box.dispatchEvent(new Event('input'));
"""
_REJECT = "$$('#queue [data-row=CO-2] button').find((b) => b.innerText === 'reject…').click()"
VIEWS = {
    "shop": View(shop),
    "plan": View(plan, part="#changes"),
    "big": View(big),
    "empty": View(empty),
    "nothing-matches": View(shop, _SEARCH, "#queue"),
    "lanes-by-worker": View(shop, _lanes("worker"), "#board"),
    "lanes-by-label": View(shop, _lanes("label"), "#board"),
    "keys": View(shop, "$('[aria-label=Keys]').click()", "dialog"),
    "toast": View(shop, "$('#queue [data-row=CO-2] .buttons .primary').click()", "#toast"),
    "asking": View(shop, _REJECT, "#queue"),
    "card-in-review": _card("CO-2"),
    "card-that-asks": _card("CO-3"),
    "card-that-failed": _card("V1"),
    "card-at-work": _card("CO-5"),
    "card-that-waits": _card("CO-6"),
    "card-in-plan": _card("IDEA", plan),
}
