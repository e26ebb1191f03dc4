"""Sequential, ModuleList, ModuleDict, ParameterList and ParameterDict."""

import pytest

import tensorlib as tl
from tensorlib import nn
from tensorlib.testing import assert_array_equal


def test_sequential():
    layers = [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)]
    net = nn.Sequential(*layers)
    x = tl.ones((2, 3), dtype="float32")
    assert_array_equal(net(x).detach(), layers[2](layers[1](layers[0](x))).detach())
    assert len(net) == 3 and list(net) == layers and net[-1] is layers[2]
    assert list(net[1:]) == layers[1:]
    assert list(net.append(nn.ReLU()))[-1] is net[3]
    named = nn.Sequential({"first": layers[0], "second": layers[1]})
    assert list(named.state_dict()) == ["first.weight", "first.bias"]
    with pytest.raises(IndexError, match="Sequential: index 4 with 4 modules"):
        _ = net[4]
    with pytest.raises(TypeError, match="register_module: expected a Module for '0', got function"):
        nn.Sequential(lambda x: x)


def test_module_list_and_dict():
    layers = nn.ModuleList([nn.Linear(2, 2)]).extend([nn.ReLU(), nn.Linear(2, 2)])
    assert [name for name, _ in layers.named_parameters()][2] == "2.weight"
    heads = nn.ModuleDict({"a": nn.Linear(2, 1)})
    heads["b"] = nn.Linear(2, 3)
    assert list(heads) == list(heads.keys()) == ["a", "b"] and len(heads) == 2
    assert heads["b"] in list(heads.values()) and "a" in heads
    del heads["a"]
    assert [name for name, _ in heads.items()] == ["b"]


def letters(*names):
    """Modules that can be told apart."""
    made = [nn.Dropout(ord(name) / 1000) for name in names]
    return made[0] if len(made) == 1 else made


def word(modules):
    return "".join(chr(round(module.p * 1000)) for module in modules)


@pytest.mark.parametrize("kind", ["list", "sequential"])
def test_lists(kind):
    def make(text):
        layers = letters(*text) if len(text) > 1 else [letters(text)]
        return nn.ModuleList(layers) if kind == "list" else nn.Sequential(*layers)

    x = make("abcd")
    assert x.insert(1, letters("x")) is x and word(x) == "axbcd"
    x.insert(-1, letters("y"))
    x.insert(6, letters("z"))
    assert word(x) == "axbcydz"
    assert list(x._modules) == list("0123456")
    assert word([x.pop(-1), x.pop(1)]) == "zx" and word(x) == "abcyd"
    x[3] = letters("e")
    x[-1] = letters("f")
    assert word(x) == "abcef"
    del x[0], x[-1]
    assert word(x) == "bce" and list(x._modules) == ["0", "1", "2"]
    x[:2] = letters("g", "h")
    assert word(x) == "ghe"
    del x[1:]
    assert word(x) == "g"
    assert word(x.extend(letters("i", "j"))) == "gij"
    y = x + make("kl")
    assert word(y) == "gijkl" and word(x) == "gij" and type(y) is type(x)
    x += make("m")
    assert word(x) == "gijm" and x[1] in x
    assert word(x[1:3]) == "ij" and type(x[1:3]) is type(x) and word(x[::-1]) == "mjig"
    assert not any(name.isdigit() for name in dir(x))
    name = type(x).__name__
    with pytest.raises(IndexError, match=f"{name}: index -5 with 4 modules"):
        _ = x[-5]
    with pytest.raises(IndexError, match=f"{name}: index 9 with 4 modules"):
        x.insert(9, letters("a"))
    with pytest.raises(IndexError, match=f"{name}: index 4 with 4 modules"):
        del x[4]
    with pytest.raises(TypeError, match=f"{name}.insert: expected a Module, got int"):
        x.insert(0, 1)
    with pytest.raises(ValueError, match=f"{name}: expected 2 modules for the slice, got 1"):
        x[:2] = [letters("a")]
    with pytest.raises(TypeError, match=f"{name}: expected a Module, got int"):
        x[:2] = [letters("a"), 1]
    with pytest.raises(TypeError, match=f"{name}: expected modules to add, got int"):
        _ = x + 1
    assert word(x) == "gijm"


def test_a_module_added_to_itself():
    x = nn.ModuleList(letters("a", "b"))
    x.extend(x)
    assert word(x) == "abab"


def test_names_that_are_no_numbers_stay():
    x = nn.Sequential({"first": letters("a"), "second": letters("b")})
    assert list((x + nn.Sequential(letters("c")))._modules) == ["first", "second", "2"]
    x.append(letters("c"))
    x.insert(0, letters("d"))
    assert list(x._modules) == ["0", "first", "second", "3"] and word(x) == "dabc"
    del x[1]
    assert list(x._modules) == ["0", "second", "2"]
    assert list(x[1:]._modules) == ["second", "1"]


def test_sequential_times():
    x = nn.Sequential(*letters("a", "b"))
    assert word(x * 2) == word(2 * x) == "abab" and word(x) == "ab"
    assert (x * 2)[2] is x[0]
    x *= 3
    assert word(x) == "ababab"
    with pytest.raises(
        ValueError, match="Sequential: expected a number > 0 to multiply with, got 0"
    ):
        _ = x * 0
    with pytest.raises(TypeError, match="Sequential: expected an int to multiply with, got float"):
        _ = x * 1.5


def test_text_of_lists():
    x = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Sequential(nn.Tanh()), nn.ReLU()])
    assert repr(x) == (
        "ModuleList(\n  (0-1): 2 x ReLU()\n"
        "  (2): Sequential(\n    (0): Tanh()\n  )\n  (3): ReLU()\n)"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_module_dict():
    x = nn.ModuleDict([("a", nn.ReLU()), ("b", nn.Tanh())])
    x.update(nn.ModuleDict({"c": nn.Linear(1, 1)}))
    x.update({"a": nn.Tanh()})
    assert list(x) == ["a", "b", "c"] and isinstance(x["a"], nn.Tanh)
    assert isinstance(x.pop("b"), nn.Tanh) and list(x) == ["a", "c"]
    with pytest.raises(KeyError, match="b"):
        x.pop("b")
    with pytest.raises(KeyError, match="register_module: ModuleDict already has 'keys'"):
        x["keys"] = nn.ReLU()
    with pytest.raises(TypeError, match="ModuleDict.update: expected a mapping or pairs"):
        x.update([1, 2])
    x.clear()
    assert len(x) == 0


def test_parameter_list():
    x = nn.ParameterList([tl.ones(2), nn.Parameter(tl.zeros(3))])
    assert len(x) == 2 and isinstance(x[0], nn.Parameter) and x[0].requires_grad
    x.append(tl.ones(4)).extend([tl.ones(5), "note"])
    assert [getattr(p, "size", p) for p in x] == [2, 3, 4, 5, "note"]
    assert [name for name, _ in x.named_parameters()] == ["0", "1", "2", "3"]
    assert [p.size for p in x[1:3]] == [3, 4] and x[-1] == "note"
    x[4] = tl.ones(6)
    x[0] = 7
    assert list(x.state_dict()) == ["1", "2", "3", "4"] and x[0] == 7
    x += [tl.ones(1)]
    assert x.pop(0) == 7 and x.pop().size == 1
    x.insert(1, tl.ones(9))
    del x[0]
    assert [p.size for p in x] == [9, 4, 5, 6]
    assert list(x.state_dict()) == ["0", "1", "2", "3"]
    assert [p.size for p in x + [tl.ones(8)]] == [9, 4, 5, 6, 8]
    assert "0" not in dir(x)
    with pytest.raises(IndexError, match="ParameterList: index 4 with 4 values"):
        x[4] = tl.ones(1)
    with pytest.raises(RuntimeError, match="ParameterList: it holds parameters and cannot be call"):
        x()
    with pytest.raises(TypeError, match="floating"):
        x.insert(0, tl.ones(1, dtype="int64"))
    assert [p.size for p in x] == [9, 4, 5, 6]
    assert repr(nn.ParameterList([tl.ones(2), 3])) == (
        "ParameterList(\n  (0): Parameter of shape (2,), float64\n  (1): object of type int\n)"
    )


def test_parameter_dict():
    x = nn.ParameterDict({"a": tl.ones(2), "b": nn.Parameter(tl.zeros(3)), "n": 5})
    assert list(x) == list(x.keys()) == ["a", "b", "n"] and len(x) == 3 and "a" in x
    assert x["a"].requires_grad and x["n"] == 5
    assert [name for name, _ in x.named_parameters()] == ["a", "b"]
    assert list(x.state_dict()) == ["a", "b"]
    x.update([("c", tl.ones(4))])
    assert x.setdefault("c", 1).size == 4 and x.setdefault("d", tl.ones(5)).size == 5
    assert x.get("z") is None and x.get("z", 1) == 1 and x.get("a") is x["a"]
    assert x.popitem()[0] == "d" and x.pop("n") == 5
    assert list(reversed(x)) == ["c", "b", "a"]
    other = x.copy()
    assert list(other) == list(x) and other["a"] is x["a"]
    del other["a"]
    assert "a" in x and "a" not in other
    assert list(other | {"e": tl.ones(1)}) == ["b", "c", "e"]
    assert list({"e": tl.ones(1)} | other) == ["e", "b", "c"]
    other |= {"f": tl.ones(1)}
    assert [value.size for value in other.values()] == [3, 4, 1]
    assert [(key, value.size) for key, value in other.items()][0] == ("b", 3)
    assert list(x.fromkeys(["p", "q"], 0.5).items()) == [("p", 0.5), ("q", 0.5)]
    x["a"] = "text"
    assert x["a"] == "text" and list(x.state_dict()) == ["b", "c"]
    with pytest.raises(KeyError, match="ParameterDict: expected another name than 'keys'"):
        x["keys"] = tl.ones(1)
    with pytest.raises(KeyError, match="ParameterDict: expected a name without dots, got 'a.b'"):
        x["a.b"] = tl.ones(1)
    with pytest.raises(TypeError, match="ParameterDict: expected a str as name, got int"):
        x[1] = tl.ones(1)
    with pytest.raises(KeyError):
        del x["forward"]
    x.clear()
    assert len(x) == 0 and repr(x) == "ParameterDict()"
    with pytest.raises(KeyError, match="popitem: it is empty"):
        x.popitem()
