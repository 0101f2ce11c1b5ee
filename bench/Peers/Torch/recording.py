"""Replays a recorded training step (tests/Golden/albef-*.json): the proof that the peer computes what it is timed on."""
import json
import os
import struct

import numpy
import torch

from albef import Albef, Config

NUMPY_TYPES = {"F32": "<f4", "F64": "<f8", "I64": "<i8", "I32": "<i4"}

# Relative L2 error a tensor, about ten times what is seen; gradients of key biases are zero in theory and compared
# absolutely.
LIMITS = {
    "f32": {"out": 5e-6, "loss": 1e-5, "grad_total": 3e-5, "grad_amc": 1e-4, "after3": 5e-5},
    "f64": {"out": 1e-14, "loss": 1e-9, "grad_total": 2e-8, "grad_amc": 2e-8},
}
KEY_BIAS_LIMIT = 1e-6
F32_ROUNDING = 2.0**-24


def read_safetensors(path):
    """All tensors of a file by name."""
    with open(path, "rb") as file:
        length, = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    result = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            values = numpy.frombuffer(data[begin:end], NUMPY_TYPES[entry["dtype"]]).reshape(entry["shape"])
            result[name] = torch.from_numpy(values.copy())
    return result


def rule(name, shape):
    """Deterministic weights by name: FNV-1a of the name, splitmix64 of the index, uniform in ±0.05."""
    mask, seed = (1 << 64) - 1, 0xCBF29CE484222325
    for byte in name.encode():
        seed = (seed ^ byte) * 0x100000001B3 & mask
    count = int(numpy.prod(shape, dtype=numpy.int64))
    with numpy.errstate(over="ignore"):
        z = numpy.arange(1, count + 1, dtype=numpy.uint64) * numpy.uint64(0x9E3779B97F4A7C15) + numpy.uint64(seed)
        z = (z ^ (z >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
        z ^= z >> numpy.uint64(31)
    uniform = (z >> numpy.uint64(11)).astype(numpy.float64) * 2.0**-53
    values = ((2 * uniform - 1) * 0.05).astype(numpy.float32).reshape(shape)
    if ("LayerNorm" in name or "norm" in name) and name.endswith(".weight"):
        values = (1 + values).astype(numpy.float32)
    return torch.from_numpy(values)


@torch.no_grad()
def fill(model):
    """Gives a model the weights of the rule."""
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if name == "temp":
            continue
        values = rule(name, tuple(tensor.shape))
        if name.endswith("_queue"):
            values = torch.nn.functional.normalize(values, dim=0)
        tensor.copy_(values)


def config_of(golden, lean):
    c = golden["config"]
    return Config(
        image_res=c["image_res"], patch=c["patch"], vision_width=c["vwidth"], vision_depth=c["vdepth"],
        vision_heads=c["vheads"], hidden=c["hidden"], heads=c["heads"], intermediate=c["inter"], layers=c["layers"],
        first_cross_layer=c["layers"] - c["fusion"], vocab=c["vocab"], max_positions=c["maxpos"],
        embed_dim=c["embed"], queue_size=c["queue"], amc_layer=c["amc_layer"], pad_id=c["pad"], cls_id=c["cls"],
        mask_id=c["mask_id"], momentum=golden["momentum"], temperature=golden["temp"], alpha=golden["alpha"],
        learning_rate=1e-3, lean=lean)


def error(found, expected):
    """Relative L2 error; absolute where the expected tensor is zero."""
    found, expected = found.detach().double(), expected.double().reshape(found.shape)
    norm = expected.norm().item()
    difference = (found - expected).norm().item()
    return difference / norm if norm > 0 else difference


def without_keys(name, tensor):
    """The packed bias of queries, keys and values without its keys, whose gradient is zero in theory."""
    if not name.endswith("attn.qkv.bias"):
        return tensor
    query, _, value = tensor.chunk(3)
    return torch.cat([query, value])


def gradients(model, loss):
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    found = torch.autograd.grad(loss, [p for _, p in named], retain_graph=True, allow_unused=True)
    return {n: torch.zeros_like(p) if g is None else g for (n, p), g in zip(named, found)}


def compare(model, recorded, batch, given):
    """One step and, in f32, two more: (group, tensor name, found, expected) of everything that was recorded."""
    losses, seen = model(batch, **given)
    last = seen["fusion_pos_last_hidden"].shape[1]
    for name, found in seen.items():
        expected = recorded.get("out/" + name)
        if expected is not None:
            yield "out", name, found, expected[:, :last] if name == "fusion_pos_last_hidden" else expected
    for name, found in losses.items():
        yield "loss", name, found, recorded["loss/" + name]
    c = model.c
    groups = {"grad_total": losses["total"],
              "grad_amc": c.mean_weight * losses["amc_mean"] + c.max_weight * losses["amc_max"]}
    for group, loss in groups.items():
        if any(n.startswith(group + "/") for n in recorded):
            for name, found in gradients(model, loss).items():
                expected = recorded.get(f"{group}/{name}")
                yield group, name, found, torch.zeros_like(found) if expected is None else expected


def after_three(model, recorded, batch, given):
    for _ in range(3):
        model.training_step(batch, **given)
    tensors = dict(model.state_dict())
    for name, expected in recorded.items():
        if name.startswith("after3/") and name[7:] in tensors and not name.endswith("key.bias"):
            yield "after3", name[7:], without_keys(name, tensors[name[7:]]), without_keys(name, expected)


def batch_of(recorded, dtype):
    return {
        "image": recorded["input/image"].to(dtype), "ids": recorded["input/input_ids"],
        "mask": recorded["input/attention_mask"], "region": recorded["input/mask"].to(dtype),
        "has_region": recorded["input/gt_mask_indicator"] > 0,
    }


def check(path, dtype, lean):
    """Prints a line a group and returns whether all of it holds."""
    with open(path) as file:
        golden = json.load(file)
    stem = os.path.splitext(path)[0]
    recorded = read_safetensors(stem + ".safetensors")
    torch_type = torch.float64 if dtype == "f64" else torch.float32
    batch = batch_of(recorded, torch_type)
    given = {"draw": lambda weights: weights.argmax(1),
             "masked": (recorded["input/mlm_input_ids"], recorded["input/mlm_labels"])}

    def fresh():
        model = Albef(config_of(golden, lean), torch_type)
        fill(model)
        return model

    exact = read_safetensors(stem + "-f64.safetensors")
    # Gradients are recorded in f64 alone; everything else in the type of the check.
    wanted = exact if dtype == "f64" else {**recorded, **{n: t for n, t in exact.items() if n.startswith("grad_")}}
    found = list(compare(fresh(), wanted, batch, given))
    if dtype == "f32":
        found += after_three(fresh(), recorded, batch, given)
    return report(found, LIMITS[dtype], f"{dtype}{'' if lean else ' plain'}")


def report(found, limits, title):
    passed = True
    for group in dict.fromkeys(f[0] for f in found):
        members = [f[1:] for f in found if f[0] == group]
        # What the recording of the f64 step holds in f32 is exact to its rounding only.
        errors = [(error(x, y), max(limits[group], F32_ROUNDING if y.dtype == torch.float32 else 0), name)
                  for name, x, y in members if not name.endswith("key.bias")]
        keys = [(x.detach().double() - y.double()).abs().max().item()
                for name, x, y in members if name.endswith("key.bias")]
        worst, _, name = max(errors)
        good = all(e <= limit for e, limit, _ in errors) and all(e <= KEY_BIAS_LIMIT for e in keys)
        passed &= good
        bias = f", key biases at most {max(keys):.1e}" if keys else ""
        print(f"{title} {group}: {len(errors)} tensors, worst {worst:.1e} ({name}){bias}: {'ok' if good else 'WRONG'}")
    return passed
