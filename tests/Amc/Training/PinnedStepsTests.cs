using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// Six steps over two epochs with augmentation and dropout, pinned. The parts of a step are proved elsewhere
/// (recordings, oracles, finite differences); these numbers hold what a session hands them at each step: rate, momentum
/// weight, random numbers, decay, margins, batches. They were written down from the code that passes those proofs.
/// Whoever changes the recipe on purpose takes the new ones from the message.
/// </summary>
[TestFixture]
internal sealed class PinnedStepsTests : FolderTests
{
    private const int Steps = 6;

    // Ten times what the SIMD paths and OpenCL differ by: 5e-7 and 1.5e-7.
    private const double LossAllowance = 5e-6;
    private const double WeightAllowance = 1.5e-6;

    // Margins, decay and rates far from their defaults and from one another, so that none can stand for another.
    private static readonly string[] Settings =
    [
        "augment=true", "dropout=0.2", "mlm_probability=0.5", "optimizer.lr=4e-3", "optimizer.weight_decay=0.5",
        "alpha_ramp_steps=4", "alpha=0.6", "amc.mean_margin=0.45", "amc.max_margin=0.3", "amc.mean_weight=0.7",
        "amc.max_weight=0.4", "momentum=0.9", "eval_every=100", "fusion_layers=2",
    ];

    /// <summary>Total, contrastive, matching, language, mean and max margin loss of each step.</summary>
    private static readonly double[][] Losses =
    [
        [16.805107, 12.513315, 0.62759089, 3.385005, 0.22033875, 0.31239799],
        [11.564937, 6.870944, 0.69756341, 3.1783307, 0.5610196, 1.0634634],
        [8.2298031, 4.3260117, 0.66763687, 2.7597246, 0.44134319, 0.41872352],
        [7.1006575, 3.2087407, 0.63106847, 2.7310536, 0.44918495, 0.53841352],
        [6.2227116, 2.8306684, 0.63563651, 2.171586, 0.45761377, 0.6612277],
        [6.584795, 3.1650639, 0.66985673, 2.1787608, 0.35985106, 0.7980454],
    ];

    /// <summary>Norm of a weight after the last step, and norm of its change since the first.</summary>
    private static readonly (string Name, double Norm, double Change)[] Weights =
    [
        ("temp", 0.082823962, 0.012823962),
        ("image_queue", 4, 5.2657252),
        ("text_queue", 4, 5.8151246),
        ("visual_encoder.cls_token", 0.074409765, 0.033526486),
        ("visual_encoder.pos_embed", 0.33772927, 0.15375919),
        ("visual_encoder.patch_embed.proj.weight", 2.334012, 0.45076522),
        ("visual_encoder.blocks.0.attn.proj.weight", 0.368522, 0.14391475),
        ("visual_encoder.blocks.0.norm1.weight", 4.0059659, 0.037188648),
        ("visual_encoder.blocks.0.mlp.fc1.bias", 0.077457122, 0.077457122),
        ("text_encoder.bert.embeddings.word_embeddings.weight", 0.50644495, 0.23401039),
        ("text_encoder.bert.encoder.layer.0.attention.output.dense.weight", 0.33258304, 0.14542445),
        ("text_encoder.bert.encoder.layer.1.crossattention.self.value.weight", 0.36093469, 0.13626932),
        ("text_encoder.bert.encoder.layer.1.output.LayerNorm.weight", 3.9967712, 0.035307896),
        ("text_encoder.bert.encoder.layer.2.output.dense.weight", 0.68214512, 0.3012099),
        ("text_encoder.cls.predictions.transform.dense.weight", 0.35186847, 0.14508781),
        ("vision_proj.weight", 1.6006541, 0.10612289),
        ("itm_head.weight", 0.81418166, 0.051478788),
        ("visual_encoder_m.patch_embed.proj.weight", 2.3078938, 0.12993485),
        ("text_encoder_m.bert.encoder.layer.1.crossattention.self.value.weight", 0.33740639, 0.038298763),
        ("text_proj_m.weight", 1.6379562, 0.035753075),
    ];

    [TestCaseSource(typeof(SimdPaths), nameof(SimdPaths.All))]
    public void Losses_and_weights_are_the_pinned_ones(string path)
    {
        using var use = SimdPaths.Use(path);
        using var backend = new CpuBackend(2);
        using var session = TrainingSession.Create(
            RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), [$"steps={Steps}", .. Settings]), backend);
        var state = session.Model.StateEntries.Where(e => !e.IsAlias).ToDictionary(e => e.Name, e => e.Parameter);
        double[][] first = [.. Weights.Select(w => state[w.Name].Value.ToDoubles())];
        var step = new OptimizationStep(session, traceNaN: false);
        // As the trainer runs them; the last is pinned before the momentum copies have followed it.
        var last = new OptimizationStep(session, traceNaN: false) { DeferAverage = true };
        double[][] losses = [.. Enumerable.Range(1, Steps).Select(
            i => (i < Steps ? step : last).Run().Losses.Select(l => l.Value).ToArray())];
        (string Name, double Norm, double Change)[] weights =
            [.. Weights.Select((w, i) => (w.Name, Norm(state[w.Name].Value.ToDoubles()), Norm(
                [.. state[w.Name].Value.ToDoubles().Zip(first[i], (a, b) => a - b)])))];

        var worstLoss = losses.Zip(Losses).SelectMany(p => p.First.Zip(p.Second, Off))
            .Prepend(losses.Length == Losses.Length ? 0 : double.PositiveInfinity).Max();
        var worstWeight = weights.Zip(Weights).Max(
            p => Math.Max(Off(p.First.Norm, p.Second.Norm), Off(p.First.Change, p.Second.Change)));
        TestContext.Out.WriteLine($"{path}: losses {worstLoss:E1} of {LossAllowance:E0} allowed, "
            + $"weights {worstWeight:E1} of {WeightAllowance:E0}");
        // Not LessThanOrEqualTo: it lets NaN pass.
        Assert.That(worstLoss <= LossAllowance && worstWeight <= WeightAllowance, Is.True,
            $"losses are off by {worstLoss:E1}, weights by {worstWeight:E1}:\n{Text(losses, weights)}");
    }

    private static double Off(double actual, double expected) =>
        Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-3);

    private static double Norm(double[] values) => Math.Sqrt(values.Sum(v => v * v));

    private static string Text(double[][] losses, (string Name, double Norm, double Change)[] weights) =>
        string.Concat(losses.Select(l => $"        [{string.Join(", ", l.Select(Digits))}],\n")) +
        string.Concat(weights.Select(w => $"        (\"{w.Name}\", {Digits(w.Norm)}, {Digits(w.Change)}),\n"));

    private static string Digits(double value) => value.ToString("G8", CultureInfo.InvariantCulture);
}
