using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// Training whose blocks are computed again in the backward pass: the same bits, less memory. All with dropout, AMC and
/// SelfEQ, so that gradients of gradients pass through the blocks above the map.
/// </summary>
[TestFixture]
public sealed class ActivationCheckpointTests
{
    private const int Count = 3;

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void Gradients_and_weights_have_the_same_bits(
        [Values("albef", "albef itc", "clip", "blip")] string kind, [Values] bool inDouble, [Values] bool byParts)
    {
        var dtype = inDouble ? DType.F64 : DType.F32;
        Result plain = Train(kind, dtype, false, byParts), again = Train(kind, dtype, true, byParts);
        Assert.That(again.Losses, Is.EqualTo(plain.Losses).AsCollection);
        foreach (var (name, values) in plain.Values)
            Assert.That(again.Values[name].AsSpan().SequenceEqual(values), Is.True, name);
        Assert.Multiple(() =>
        {
            Assert.That(plain.Losses.Where(l => l.Name.StartsWith("amc", StringComparison.Ordinal)
                || l.Name.StartsWith("selfeq", StringComparison.Ordinal)).Select(l => l.Value), Is.Not.All.Zero);
            Assert.That(plain.Values.Values.SelectMany(v => v), Is.All.Matches<double>(double.IsFinite));
            // By parts the little that is computed for all pairs weighs more than what so small a model holds.
            Assert.That(again.Peak < plain.Peak || byParts, Is.True, $"{again.Peak} of {plain.Peak} bytes");
        });
    }

    /// <summary>
    /// Twice as many image blocks cost what they hold without checkpoints, and an input each with them.
    /// </summary>
    [Test]
    public void A_block_costs_its_input()
    {
        const int width = 32, tokens = 65, batch = 16, more = 4;
        var block = (double)(Peak(4 + more, true) - Peak(4, true)) / more;
        var plain = (double)(Peak(4 + more, false) - Peak(4, false)) / more;
        // Weights, copies and moments are there in either case; a size class rounds up by a quarter at most.
        var state = 4 * sizeof(float)
            * (new AlbefModel(Deep(5)).Trainable.Sum(p => p.Shape.Count)
                - new AlbefModel(Deep(4)).Trainable.Sum(p => p.Shape.Count));
        const double input = batch * tokens * width * sizeof(float);
        Assert.Multiple(() =>
        {
            Assert.That((block - state) / input, Is.InRange(0.9, 1.7));
            Assert.That((plain - state) / input, Is.InRange(15, 25));
        });

        long Peak(int depth, bool checkpoint)
        {
            using var backend = new CpuBackend(2);
            using var model = AlbefModel.Create(Deep(depth), backend, seed: 3);
            return Run(model, backend, batch, 32, checkpoint, null).Peak;
        }

        AlbefConfig Deep(int depth) => new()
        {
            Vision = new VisionConfig { ImageRes = 32, PatchSize = 4, Width = width, Depth = depth, Heads = 2 },
            Text = TinyModels.Text,
            EmbedDim = 4,
            QueueSize = 16,
            AmcLayer = 2,
        };
    }

    private Result Train(string kind, DType dtype, bool checkpoint, bool byParts)
    {
        using var model = TinyModels.Create(kind, _backend, dtype, depth: 3);
        return Run(model, _backend, Count, TinyModels.Side, checkpoint, byParts ? 2 : null);
    }

    private static Result Run(
        VisionLanguageModel model, IBackend backend, int count, int side, bool checkpoint, int? microBatch)
    {
        using var optimizer = new AdamW(model.ParameterGroups(0.02), average: model.Average);
        var random = new RandomSource(1);
        Dictionary<string, double[]> values = [];
        (string, double)[] losses = [];
        var objective = new CompositeObjective(
            [new AmcObjective(), new SelfEqObjective(0.7, new SelfEqOptions(Threshold: 0.3))]);
        var peak = 0L;
        for (var number = 0; number < 2; number++)
        {
            var live = backend.LiveBytes;
            backend.ResetPeak();
            using (MemoryScope.Begin())
            {
                losses = new TrainingStep(model, objective, optimizer) { Differentiated = Keep }.Run(
                    number, Inputs(model, count, side), new StepOptions(0.4, random)
                    {
                        CheckpointActivations = checkpoint,
                        MicroBatch = microBatch,
                    }, 1e-2);
                peak = backend.PeakBytes;
            }
            if (number > 0) Assert.That(backend.LiveBytes, Is.EqualTo(live), "what is held after a step");
        }
        foreach (var p in model.Parameters.Where(p => p.Kind != ParameterKind.Integers))
            values[p.Name] = p.Value.ToDoubles();
        return new Result(losses, values, peak);

        void Keep()
        {
            foreach (var p in model.Trainable.Where(p => p.Value.Grad is not null))
                values[$"gradient of {p.Name}, {optimizer.StepCount}"] = p.Value.Grad!.ToDoubles();
        }
    }

    private static StepInputs Inputs(VisionLanguageModel model, int count, int side)
    {
        const int length = 6;
        var backend = model.Backend;
        var image = Tensor.Empty([count, 3, side, side], model.DType, backend)
            .FillUniform(-1.5, 1.5, new RandomKey(5, 0, 0));
        var regions = Tensor.Empty([count, side, side], model.DType, backend)
            .FillUniform(0, 1, new RandomKey(5, 1, 0));
        return new StepInputs(new PairBatch(image, Texts(0)), regions, [.. Enumerable.Repeat(true, count)])
        {
            Others = Texts(1),
            IsOther = [.. Enumerable.Repeat(true, count)],
        };

        TokenBatch Texts(int shift)
        {
            var (ids, mask) = (new int[count * length], new int[count * length]);
            for (var i = 0; i < ids.Length; i++)
            {
                var (row, column) = (i / length, i % length);
                if (column >= length - row % 3) continue;
                (mask[i], ids[i]) = (1, column == 0 ? 1 : 3 + (7 * i + 5 * shift) % 14);
            }
            return new TokenBatch(ids, mask, count, length);
        }
    }

    private sealed record Result((string Name, double Value)[] Losses, Dictionary<string, double[]> Values, long Peak);
}
