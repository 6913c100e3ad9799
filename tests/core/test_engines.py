"""Engines as data: templates are filled in word by word, options are checked, lines are read."""

import pytest

from gitkanban.core.engines import (
    ENGINES,
    BatchJob,
    Engine,
    fill,
    leave_nodes_out,
    node_answers,
    option_fault,
    own_exclusion,
    read_jobs,
)

SLURM = ENGINES["slurm"]


def test_a_template_is_filled_in_word_by_word() -> None:
    options = ["--partition=agents", "--comment={name} x"]
    argv = fill(SLURM.submit, {"name": "gk.r1", "minutes": "9", "script": "/a b/job"}, options)
    assert argv[0] == "sbatch"
    assert argv[-3:] == [*options, "/a b/job"]  # what people write is no template
    assert "--job-name=gk.r1" in argv


@pytest.mark.parametrize(
    ("options", "own", "then"),
    [
        ([], "", "n1,n2"),
        (["--mem=8G", "--exclusive"], "", "n1,n2"),
        (["--exclude=n7"], "n7", "n7,n1,n2"),
        (["-xn7,n8", "-pshort"], "n7,n8", "n7,n8,n1,n2"),
        (["-xn7", "--exclude=n[8-9]"], "n[8-9]", "n[8-9],n1,n2"),
        (["--exclud=n7"], "n7", "n7,n1,n2"),
        (["--exclus=user"], "", "n1,n2"),
    ],
)
def test_nodes_that_a_job_leaves_out_are_added_to_those_of_the_user(
    options: list[str], own: str, then: str
) -> None:
    assert own_exclusion(SLURM, options) == own
    assert leave_nodes_out(SLURM, options, ["n1", "n2"]) == [*options, f"--exclude={then}"]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=list(ENGINES))
def test_every_engine_names_what_its_commands_need(engine: Engine) -> None:
    assert {"id", "name", "state"} <= set(engine.columns) <= {*BatchJob._fields, "name"}
    assert any("{script}" in word for word in engine.submit)
    assert any("{name}" in word for word in engine.submit)
    for argv in (engine.cancel, engine.signal):
        assert any("{job}" in word for word in argv)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--partition=agents", "--cpus-per-task=2", "--mem=8G"],
        ["-pshort", "-L", "x"][:1],
        ["--exclusive", "-H"],
        ["--exclude=n1", "--licenses=name:1", "--time=30"],
    ],
)
def test_options_that_are_the_users_own(options: list[str]) -> None:
    assert option_fault(SLURM, options) == ""


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("--wrap=rm -rf ~", "--wrap is refused: it would change what runs"),
        ("--wra=x", "--wrap is refused"),
        ("--wrap", "--wrap is refused"),
        ("-a1-3", "-a is refused: each card is a job of its own"),
        ("--array=1-3", "--array is refused"),
        ("--job-name=x", "--job-name is refused: gitkanban sets it"),
        ("-Jx", "-J is refused"),
        ("--requeue", "--requeue is refused"),
        ("--export=ALL", "--export is refused"),
        ("/tmp/evil", "is no option"),
        ("-", "is no option"),
        ("--", "is no option"),
        ("-p", "lacks its value"),
        ("-HW", "must be written as one long option"),
        ("-HJx", "must be written as one long option"),
    ],
)
def test_an_option_that_changes_what_runs_is_refused(word: str, why: str) -> None:
    assert why in option_fault(SLURM, ["--mem=1G", word])


def test_what_the_engine_prints_of_jobs_is_read() -> None:
    text = (
        "7|gk.r1|RUNNING|n1|None\n"
        "8|gk.r2|PENDING||Resources\n"
        "9|other|CANCELLED by 1000|n2|a|b\n"
        "10|new|NEWLY_INVENTED|n1|\n"
        "11|gk.r3|SUSPENDED|n1|None\n"
        "12|gk.r4|CONFIGURING|n1|None\n"
    )
    assert dict(read_jobs(SLURM, text)) == {
        "gk.r1": BatchJob("running", "7", "n1"),
        "gk.r2": BatchJob("waiting", "8", reason="Resources"),
        "other": BatchJob("cancelled", "9", "n2", "a|b"),
        "new": BatchJob("running", "10", "n1"),  # an unknown word concludes nothing
        "gk.r3": BatchJob("running", "11", "n1", "suspended"),
        "gk.r4": BatchJob("waiting", "12", "n1", "its node is being started"),
    }


def test_what_is_no_list_of_jobs_is_refused() -> None:
    with pytest.raises(ValueError, match="not a line of Slurm"):
        list(read_jobs(SLURM, "slurm_load_jobs error: Unable to contact slurm controller"))


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("idle\n", True), ("mixed\n", True), ("drained\n", True), ("down*\n", False), ("idle*\n", False),
        ("DOWN\n", False), ("unknown\n", False), ("fail\n", False), ("", False),
    ],
)  # fmt: skip
def test_whether_a_node_answers(text: str, answers: bool) -> None:
    assert node_answers(SLURM, text) == answers
