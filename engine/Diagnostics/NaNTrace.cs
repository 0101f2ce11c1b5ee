using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Diagnostics;

/// <summary>A NaN or an infinity, found in the output of an op.</summary>
public sealed class NonFiniteException(string op, string detail) : EngineException(op, detail);

/// <summary>
/// While a trace is open on this thread, the output of every op, forward and backward, is searched for NaN and
/// infinities, and the first op that makes one is named. Costs a pass over each output: for finding a fault, not for
/// training.
/// </summary>
public static class NaNTrace
{
    private static readonly Action<string, Tensor> Look = Check;

    /// <summary>Opens a trace until the result is disposed.</summary>
    public static IDisposable Begin() => new Trace();

    private static void Check(string op, Tensor output)
    {
        if (!output.DType.IsFloating()) return;
        Span<long> count = [0];
        output.Backend.Run(new CountNonFiniteArgs([output], count));
        if (count[0] > 0)
            throw new NonFiniteException(
                op, $"{count[0]} of {output.Count} values of its output {output} are NaN or infinite");
    }

    private sealed class Trace : IDisposable
    {
        private readonly Action<string, Tensor>? _before = GraphWatch.Outputs;

        public Trace() => GraphWatch.Outputs = Look;

        public void Dispose() => GraphWatch.Outputs = _before;
    }
}
