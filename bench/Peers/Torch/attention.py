"""Attention differentiated twice, composed of products and softmax: the path that has a second derivative in PyTorch."""
import time

import numpy
import torch

from albef import attend, split_heads
from protocol import QUIET_SECONDS, open_side, questions, say, status


def draw(shape, seed):
    """The values that the engine's side draws for a seed: a linear congruential generator, uniform in ±0.5."""
    count = int(numpy.prod(shape))
    factor, offset = numpy.uint32(1664525), numpy.uint32(1013904223)
    start = numpy.uint32((seed * 2654435761 + 12345) & 0xFFFFFFFF)
    with numpy.errstate(over="ignore"):
        powers = numpy.cumprod(numpy.full(count, factor), dtype=numpy.uint32)
        sums = numpy.cumsum(numpy.concatenate([numpy.ones(1, numpy.uint32), powers[:-1]]), dtype=numpy.uint32)
        states = powers * start + offset * sums
    return torch.from_numpy((states >> 8).astype(numpy.float32) / 2**24 - 0.5).view(shape)


def checksum(tensors):
    """Σ wᵢ·xᵢ with weights 1 to 7 in turn, and Σ |wᵢ·xᵢ|, over all tensors."""
    total = scale = 0.0
    for tensor in tensors:
        values = tensor.detach().double().flatten()
        weighted = values * (1 + torch.arange(len(values)) % 7)
        total += weighted.sum().item()
        scale += weighted.abs().sum().item()
    return total, scale


class Case:
    def __init__(self, samples, heads, rows, width):
        shape = (samples, rows, heads * width)
        self.heads = heads
        self.inputs = [draw(shape, seed).requires_grad_() for seed in (1, 2, 3, 4)]
        self.cotangents = [draw(shape, seed) for seed in (5, 6, 7)]

    def run(self):
        """Forward, first gradients with a graph, and the gradients of a function of these."""
        q, k, v, g = self.inputs
        y, _ = attend(*(split_heads(x, self.heads) for x in (q, k, v)))
        first = torch.autograd.grad(y, (q, k, v), g, create_graph=True)
        return torch.autograd.grad(first, self.inputs, self.cotangents)


def timed(case, calls):
    start = time.perf_counter()
    for _ in range(calls):
        case.run()
    return time.perf_counter() - start


def serve(threads):
    open_side(threads)
    Case(1, 1, 8, 8).run()
    for question in questions():
        if question[0] == "case":
            case = Case(*map(int, question[1:5]))
            before = status("VmRSS")
            total, scale = checksum(case.run())
            grown = status("VmHWM") - before
            calls = max(1, round(float(question[5]) / timed(case, 1)))
            say(f"ready {total!r} {scale!r} {calls} 0 {grown}")
        else:
            seconds = timed(case, calls) / calls
            time.sleep(QUIET_SECONDS)
            say(f"time {seconds!r}")

