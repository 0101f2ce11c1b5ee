using System.Globalization;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Cpu;

/// <summary>
/// The engine's side of <c>bench attention --order 2</c>: self-attention, its gradients recorded, and the gradients of
/// a function of those, fused or composed of products and softmax, in this process.
/// </summary>
internal static class DoubleBackwardRun
{
    /// <summary>Hidden command of the process.</summary>
    public const string Command = "attention-run";

    public const string Fused = "fused", Composed = "composed";

    /// <summary>
    /// The process: <c>case B H L D SECONDS</c> is answered by <c>ready SUM SCALE CALLS COUNTED RSS</c>, the checksum
    /// of the gradients, calls of a sample, and the bytes by which the first call raised the pool's count and the
    /// resident memory; <c>measure</c> by <c>time SECONDS</c>, a call's.
    /// </summary>
    public static int Serve(string[] args, TextReader input, TextWriter output)
    {
        if (args is not [Fused or Composed, var threads])
            throw new ArgumentsException($"bench {Command}: for internal use; see bench help");
        return LineProcess.Serve(output, () =>
        {
            using var backend = new CpuBackend(int.Parse(threads, CultureInfo.InvariantCulture));
            using var outer = MemoryScope.Begin();
            var fused = args[0] == Fused;
            Repeated.WarmUp([new Case(backend, fused, 1, 1, 8, 8).Run]);
            LineProcess.Say(output, $"hello {args[0]}, {backend.Device.Details}");
            Repeated? work = null;
            while (input.ReadLine()?.Split(' ') is { } words)
            {
                if (words is ["case", .. var sizes, var seconds])
                {
                    int[] n = [.. sizes.Select(s => int.Parse(s, CultureInfo.InvariantCulture))];
                    work = Prepare(
                        new Case(backend, fused, n[0], n[1], n[2], n[3]), backend, Number(seconds), output);
                }
                else LineProcess.Say(
                    output, string.Create(CultureInfo.InvariantCulture, $"time {work!.Sample():R}"));
            }
        });
    }

    private static Repeated Prepare(Case c, CpuBackend backend, double seconds, TextWriter output)
    {
        backend.ResetPeak();
        var (live, resident) = (backend.LiveBytes, MemoryUse.Resident() ?? 0);
        c.Run();
        var (counted, grown) = (backend.PeakBytes - live, (MemoryUse.PeakResident() ?? 0) - resident);
        var (sum, scale) = c.Checksum();
        var work = new Repeated(c.Run, seconds);
        LineProcess.Say(output, string.Create(
            CultureInfo.InvariantCulture, $"ready {sum:R} {scale:R} {work.Repeats} {counted} {grown}"));
        return work;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    /// <summary>Operands [B, L, H·D] and what is computed of them.</summary>
    internal sealed class Case
    {
        private readonly int _heads;
        private readonly double _scale;
        private readonly bool _fused;
        private readonly Tensor[] _inputs;
        private readonly Tensor[] _cotangents;

        public Case(IBackend backend, bool fused, int samples, int heads, int rows, int width)
        {
            (_fused, _heads, _scale) = (fused, heads, 1 / Math.Sqrt(width));
            var shape = new Shape([samples, rows, heads * width]);
            Tensor Draw(uint seed) => Tensor.From(Operands.Values<float>(shape.Count, seed), shape, backend);
            _inputs = [.. new uint[] { 1, 2, 3, 4 }.Select(seed => Draw(seed).SetRequiresGrad())];
            _cotangents = [.. new uint[] { 5, 6, 7 }.Select(Draw)];
        }

        /// <summary>Forward, first gradients with a graph, and the gradients of a function of these.</summary>
        public void Run()
        {
            using var scope = MemoryScope.Begin();
            Compute();
        }

        /// <summary>Σ wᵢ·xᵢ and Σ |wᵢ·xᵢ| over the gradients of queries, keys, values and cotangent.</summary>
        public (double Sum, double Scale) Checksum()
        {
            using var scope = MemoryScope.Begin();
            var sums = Compute().Select(g => GemmValues.Checksum(g.ToDoubles())).ToArray();
            return (sums.Sum(s => s.Sum), sums.Sum(s => s.Scale));
        }

        private Tensor[] Compute()
        {
            var (q, k, v) = (_inputs[0], _inputs[1], _inputs[2]);
            var y = _fused ? Attention.ScaledDotProduct(q, k, v, null, _scale, _heads)
                : Attention.WithMap(q, k, v, null, _scale, _heads).Output;
            var first = AutogradEngine.Grad([y], [q, k, v], [_inputs[3]], createGraph: true);
            return [.. AutogradEngine.Grad([.. first.Select(g => g!)], _inputs, _cotangents).Select(g => g!)];
        }
    }
}
