"""Variables: look-up, text, circles, and bounds on what they stand for."""

import pytest

from qrecipe.errors import Location, RecipeError, Span
from qrecipe.recipe.variables import Variable, Variables


def variables(**values):
    return Variables(
        {name: Variable(name, value, Location("m.toml", f"vars.{name}")) for name, value in values.items()}
    )


def code(call):
    with pytest.raises(RecipeError) as raised:
        call()
    return raised.value.diagnostics[0].code


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${name}.gguf", "mix.gguf"),
        ("${a}", "<mix-4-true>"),
        ("${a}${a}", "<mix-4-true><mix-4-true>"),
        ("$name ${Name} ${}", "$name ${Name} ${}"),
        ("${empty}", ""),
    ],
)
def test_text(text, filled):
    known = variables(name="mix", a="<${name}-${n}-${b}>", n=4, b=True, empty="")
    assert known.text(text, Location()) == filled


def test_an_unknown_variable_in_text_is_shown_where_it_stands():
    with pytest.raises(RecipeError) as raised:
        variables(small="x").text(
            "${smal}.gguf", Location("m.toml", "targets[0].output", 3, 11, "${smal}.gguf", verbatim=True)
        )
    assert str(raised.value) == (
        "error: unknown variable 'smal'\n"
        "  --> m.toml:3:11, targets[0].output\n"
        "   | ${smal}.gguf\n"
        "   | ~~~~~~^\n"
        "why: [vars] and its parents have 'small'\n"
        "fix: did you mean 'small'?"
    )


def test_long_lists_of_variables_are_cropped():
    with pytest.raises(RecipeError, match=r"have 'v00', .* 'v11', …\n"):
        variables(**{f"v{i:02}": 1 for i in range(20)}).lookup("q", Span(0, 1), Location())


def test_circles_are_named_from_where_they_close():
    known = variables(start="${a}", a="${b}", b="x${c}", c="${a}")
    with pytest.raises(RecipeError, match="variables go in a circle: a → b → c → a"):
        known.text("${start}", Location())


def test_entering_remembers_the_way():
    known = variables(a="${b}", b="1")
    variable, inside = known.enter("a", Span(0, 4), Location())
    assert (variable.value, inside.entered, known.entered) == ("${b}", ("a",), ())
    assert code(lambda: inside.enter("a", Span(0, 4), Location())) == "variable-circle"
    assert inside.enter("b", Span(0, 4), Location())[1].entered == ("a", "b")


def test_names_in_a_text():
    known = variables(a="${b} ${c}", b="${d}", c="${c}", d="", e="")
    assert known.names_in("${a}${unknown}") == {"a", "b", "c", "d", "unknown"}
    assert known.names_in("none") == frozenset()


@pytest.mark.parametrize("leaf", ["", "x"])
def test_doubling_is_bounded(leaf):
    known = variables(**{f"v{i}": f"${{v{i + 1}}}${{v{i + 1}}}" for i in range(60)}, v60=leaf)
    assert code(lambda: known.text("${v0}", Location())) == "too-long"


def test_long_ways_are_bounded():
    known = variables(**{f"v{i}": f"${{v{i + 1}}}" for i in range(5000)}, v5000="x")
    assert code(lambda: known.text("${v0}", Location())) == "too-deep"
    assert known.text("${v4937}", Location()) == "x"
    assert len(known.names_in("${v0}")) == 5001


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (7, "7"), ("x", "x")])
def test_values_as_text(value, text):
    assert Variable("x", value, Location()).text == text
