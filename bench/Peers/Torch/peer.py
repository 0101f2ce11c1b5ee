"""The PyTorch side of the benchmarks. One line asks, one line answers; what fails is answered by `error MESSAGE`.

    peer.py probe                              what is installed, as JSON
    peer.py check RECORDING.json               replays a recorded step; exit code 1 where it does not hold
    peer.py step SETTINGS.json BATCHES THREADS `steps N` is answered by `seconds S …`, `end` by `figures {…}`
    peer.py attention THREADS                  `case B H L D SECONDS` is answered by `ready SUM SCALE CALLS COUNTED RSS`,
                                               `measure` by `time SECONDS`
"""
import json
import os
import sys
import time

from protocol import QUIET_SECONDS, open_side, probe, questions, say, status


def vision_step(c):
    """ViT forward and backward on one batch of two."""
    import torch
    from albef import VisionTransformer

    encoder = VisionTransformer(c)
    image = torch.rand(2, 3, c.image_res, c.image_res) - 0.5

    def run():
        encoder.zero_grad(set_to_none=True)
        encoder(image).mean().backward()

    return run


def training_step(c, path):
    """Steps on recorded batches in turn."""
    import torch
    from albef import Albef
    from recording import read_safetensors

    tensors = read_safetensors(path)
    batches = []
    while f"{len(batches)}/image" in tensors:
        batch = {n: tensors[f"{len(batches)}/{n}"] for n in ("image", "ids", "mask", "region", "has_region")}
        batch.update(ids=batch["ids"].long(), mask=batch["mask"].long(), has_region=batch["has_region"] > 0)
        batches.append(batch)
    model = Albef(c)
    done = 0

    def run():
        nonlocal done
        losses, _ = model.training_step(batches[done % len(batches)])
        done += 1
        if not torch.isfinite(losses["total"]):
            raise ValueError(f"the loss of step {done} is {losses['total'].item()}")

    return run


def serve_steps(settings, batches, threads):
    from albef import Config

    open_side(int(threads))
    with open(settings) as file:
        c = Config(**json.load(file))
    run = training_step(c, batches) if batches else vision_step(c)
    for question in questions():
        if question[0] == "end":
            say("figures " + json.dumps({"PeakRss": status("VmHWM"), "PeakTensors": 0, "Note": ""}))
            return
        seconds = []
        for _ in range(int(question[1])):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
        time.sleep(QUIET_SECONDS)
        say("seconds " + " ".join(map(repr, seconds)))


def main(arguments):
    try:
        if arguments == ["probe"]:
            probe()
        elif len(arguments) == 2 and arguments[0] == "check":
            # Threads do not pay for a toy; before PyTorch loads.
            for pool in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
                os.environ.setdefault(pool, "1")
            from recording import check

            # Every form is tried, also where one does not hold.
            return 0 if all([check(arguments[1], d, lean) for d in ("f32", "f64") for lean in (True, False)]) else 1
        elif len(arguments) == 4 and arguments[0] == "step":
            serve_steps(*arguments[1:])
        elif len(arguments) == 2 and arguments[0] == "attention":
            from attention import serve

            serve(int(arguments[1]))
        else:
            sys.stderr.write("peer.py: for use by the benchmarks; see the head of this file\n")
            return 2
    except Exception as e:
        say("error " + f"{type(e).__name__}: {e}".replace("\n", " "))
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    # After an error in a backward pass the interpreter can wait for autograd's threads for ever.
    os._exit(code)
