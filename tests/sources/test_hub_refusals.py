"""What a hub may answer instead of what was asked for: refusals, other bytes, redirects to anywhere."""

from __future__ import annotations

import pytest

from qrecipe.errors import SourceAbsentError, SourceError
from tests.sources.hub_model import FILES, PINNED, WEIGHTS, opened, said, said_of_reading
from tests.sources.hub_server import COMMIT, Fault

ANSWERS = {
    "ignores ranges": (Fault(whole=True), "the server ignores which bytes it is asked for, and sends the whole file"),
    "another range": (
        Fault(headers={"Content-Range": f"bytes 0-4095/{len(FILES[WEIGHTS])}"}),
        "the server was asked for bytes 1048661 to 1052757, and sends 0 to 4096",
    ),
    "no range": (Fault(headers={"Content-Range": ""}), "the server does not say which bytes it sends"),
    "broken range": (Fault(headers={"Content-Range": "bytes x"}), "the server does not say which bytes it sends"),
    "too long": (Fault(extra=b"more"), "the server sends more than was asked for"),
    "compressed": (Fault(headers={"Content-Encoding": "gzip"}), "the server compresses what it sends"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_with_other_bytes_is_refused_unread(hub, source, name):
    fault, why = ANSWERS[name]
    hub.fault(WEIGHTS, Fault(), fault)
    assert said_of_reading(source) == (
        "error: cannot read bytes 1048661 to 1052757 of model.safetensors of org/name\n"
        f"  --> {PINNED}\n"
        f"why: {why}\n"
        "fix: name another server, or download the checkpoint and name its folder"
    )


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        (
            Fault(headers={"Content-Range": "bytes 1048661-1052756/33554500"}),
            f"it had {len(FILES[WEIGHTS])} bytes when it was opened and has 33554500 now",
        )
    ],
)
def test_a_file_with_another_size_has_changed(hub, source, fault, what):
    hub.fault(WEIGHTS, Fault(), fault)
    assert said_of_reading(source) == (
        f"error: bytes 1048661 to 1052757 of model.safetensors of org/name: {what}\n"
        f"  --> {PINNED}\n"
        "why: its header no longer describes what it holds\n"
        "fix: run again, from the recipe and not from a plan"
    )


def test_a_file_with_another_version_has_changed(hub, source):
    checkpoint = opened(source)
    hub.fault(f"redirect {WEIGHTS}", Fault(headers={"X-Linked-Etag": '"other"'}))
    with pytest.raises(SourceError, match="the server has another version of it now"):
        checkpoint.read("a", 0, 4)


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("file:///etc/passwd", "the server redirects to what is no address of http or https"),
        ("ftp://127.0.0.1/x", "the server redirects to what is no address of http or https"),
        ("http://[::1", "the server redirects to what is no address of http or https"),
        ("http://a..b/", "the server redirects to what is no address of http or https"),
        ("http://h:99999/", "the server redirects to what is no address of http or https"),
        (f"/org/name/resolve/{COMMIT}/{WEIGHTS}", "the server redirects more than 5 times"),
    ],
)
def test_redirects_go_to_addresses_and_end(hub, source, location, why):
    hub.fault(f"redirect {WEIGHTS}", *[Fault(headers={"Location": location})] * 6)
    assert said("hf://org/name", source) == (
        "error: cannot read bytes 0 to 262144 of model.safetensors of org/name\n"
        f"  --> {PINNED}\n"
        f"why: {why}\n"
        "fix: name another server, or download the checkpoint and name its folder"
    )


REFUSALS = {
    "gated": (
        Fault(status=403, headers={"X-Error-Code": "GatedRepo"}),
        (
            "error: org/name is gated: its terms have to be accepted before it can be read\n"
            "  --> hf://org/name\n"
            "why: the token that was sent has no leave\n"
            "fix: accept them at https://huggingface.co/org/name, then log in: `hf auth login`, or set HF_TOKEN"
        ),
        True,
    ),
    "missing": (
        Fault(status=404, headers={"X-Error-Code": "RepoNotFound"}),
        (
            "error: the hub has no model org/name, or it is private\n"
            "  --> hf://org/name\n"
            "why: the hub does not say which of the two; the token that was sent has no leave\n"
            "fix: check the spelling; for a private model log in: `hf auth login`, or set HF_TOKEN"
        ),
        False,
    ),
    "unauthorized": (
        Fault(status=401),
        (
            "error: the hub has no model org/name, or it is private\n"
            "  --> hf://org/name\n"
            "why: the hub does not say which of the two; the token that was sent has no leave\n"
            "fix: check the spelling; for a private model log in: `hf auth login`, or set HF_TOKEN"
        ),
        False,
    ),
    "revision": (
        Fault(status=404, headers={"X-Error-Code": "RevisionNotFound"}),
        (
            "error: org/name has no such revision\n"
            "  --> hf://org/name\n"
            "why: a revision is a branch, a tag or a whole commit\n"
            "fix: name one that https://huggingface.co/org/name/tree/main lists, or leave it out to take `main`"
        ),
        False,
    ),
    "forbidden": (
        Fault(status=403),
        (
            "error: cannot get the list of files of org/name\n"
            "  --> hf://org/name\n"
            "why: the server answers 403\n"
            "fix: log in where the server asks for it, or download the checkpoint and name its folder"
        ),
        False,
    ),
    "busy": (
        Fault(status=429),
        (
            "error: cannot get the list of files of org/name: the server answers 429\n"
            "  --> hf://org/name\n"
            "fix: run again later: what was downloaded is kept, and a download goes on where it stopped"
        ),
        True,
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_hub_refuses_is_told_with_its_remedy(hub, source, name):
    """Only what is out of reach lets an inventory stand in."""
    fault, words, is_absent = REFUSALS[name]
    hub.fault("api", *[fault] * 3)
    with pytest.raises(SourceError) as caught:
        opened(source)
    assert str(caught.value) == words
    assert isinstance(caught.value, SourceAbsentError) is is_absent
    assert "hf_secret" not in str(caught.value)
