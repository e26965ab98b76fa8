"""What can go wrong between this machine and a server, in words for people: one code a remedy.

Where the model is only out of reach (no network, no leave, a server that is down), the error is a `SourceAbsentError`:
a plan may then be made from the recipe's inventory. A name that is wrong stays an error.
"""

from __future__ import annotations

from qrecipe.errors import Diagnostic, Location, SourceAbsentError, SourceError
from qrecipe.sources.http_fault import HttpFault

_AGAIN = "run again later: what was downloaded is kept, and a download goes on where it stopped"


def hub_error(fault: HttpFault, place: str, model: str, doing: str) -> SourceError:
    """Return the error for a request of the hub.

    Args:
        fault: What happened.
        place: The reference, for the arrow.
        model: `org/name`.
        doing: What was asked for: `the files`, `bytes 0 to 4096 of model.safetensors`.
    """
    if fault.kind == "offline":
        return SourceAbsentError(_offline(place, model, doing))
    if fault.kind == "token":
        return SourceError(_token(place, fault))
    if fault.kind == "status" and (known := _by_code(fault, place, model)) is not None:
        return known
    return remote_error(fault, place, f"{doing} of {model}")


def remote_error(fault: HttpFault, place: str, doing: str) -> SourceError:
    """Return the error for a request of any server."""
    where = Location(place)
    if fault.kind in {"answer", "redirect"}:
        fix = "name another server, or download the checkpoint and name its folder"
        return SourceError(Diagnostic("remote-answer", f"cannot read {doing}", where, fault.detail, fix))
    if fault.kind == "changed":
        why, fix = "its header no longer describes what it holds", "run again, from the recipe and not from a plan"
        return SourceError(Diagnostic("remote-changed", f"{doing}: {fault.detail}", where, why, fix))
    if fault.kind == "status" and not fault.passes:
        return _refused(fault, where, doing)
    return SourceAbsentError(Diagnostic("remote-unavailable", f"cannot get {doing}: {fault.detail}", where, fix=_AGAIN))


def _by_code(fault: HttpFault, place: str, model: str) -> SourceError | None:
    if fault.said == "GatedRepo":
        return SourceAbsentError(_gated(place, model))
    if fault.said == "RevisionNotFound":
        return SourceError(_no_revision(place, model))
    if fault.said == "RepoNotFound" or (fault.status in {401, 404} and fault.said != "EntryNotFound"):
        return SourceError(_not_found(place, model))
    return None


def _refused(fault: HttpFault, where: Location, doing: str) -> SourceError:
    if fault.status in {404, 410}:
        fix = "check the spelling"
        return SourceError(Diagnostic("remote-missing", f"there is no such file: {doing}", where, fault.detail, fix))
    fix = "log in where the server asks for it, or download the checkpoint and name its folder"
    return SourceError(Diagnostic("remote-refused", f"cannot get {doing}", where, fault.detail, fix))


def _offline(place: str, model: str, doing: str) -> Diagnostic:
    return Diagnostic(
        "hub-offline",
        f"{doing} of {model} is not in the cache, and HF_HUB_OFFLINE forbids to ask the hub",
        Location(place),
        why="a plan needs the headers, the config and the tokenizer; a build needs the weights as well",
        fix=f"take HF_HUB_OFFLINE out of the environment, or download it where there is a network: hf download {model}",
    )


def _token(place: str, fault: HttpFault) -> Diagnostic:
    return Diagnostic(
        "hub-token",
        "the token for the hub cannot be sent",
        Location(place),
        why=fault.detail,
        fix="write it anew: `hf auth login`, or set HF_TOKEN",
    )


def _gated(place: str, model: str) -> Diagnostic:
    return Diagnostic(
        "hub-gated",
        f"{model} is gated: its terms have to be accepted before it can be read",
        Location(place),
        why=_token_sent(),
        fix=f"accept them at https://huggingface.co/{model}, then log in: `hf auth login`, or set HF_TOKEN",
    )


def _not_found(place: str, model: str) -> Diagnostic:
    return Diagnostic(
        "hub-not-found",
        f"the hub has no model {model}, or it is private",
        Location(place),
        why=f"the hub does not say which of the two; {_token_sent()}",
        fix="check the spelling; for a private model log in: `hf auth login`, or set HF_TOKEN",
    )


def _no_revision(place: str, model: str) -> Diagnostic:
    return Diagnostic(
        "hub-revision",
        f"{model} has no such revision",
        Location(place),
        why="a revision is a branch, a tag or a whole commit",
        fix=f"name one that https://huggingface.co/{model}/tree/main lists, or leave it out to take `main`",
    )


def _token_sent() -> str:
    from huggingface_hub import get_token  # noqa: PLC0415 - heavy

    return "no token was sent" if get_token() is None else "the token that was sent has no leave"
