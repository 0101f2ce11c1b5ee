using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>How an op enters the graph.</summary>
internal static class Graph
{
    /// <summary>Whether an op on these inputs is to be recorded.</summary>
    public static bool Records(params ReadOnlySpan<Tensor> inputs)
    {
        if (!GradMode.Enabled) return false;
        foreach (var t in inputs)
            if (t.RequiresGrad) return true;
        return false;
    }

    /// <summary>Records an op with one output and returns the output.</summary>
    public static Tensor Record(
        string op, ReadOnlySpan<Tensor> inputs, Tensor output, ReadOnlySpan<Tensor> saved, GradientRule rule)
    {
        GraphWatch.Outputs?.Invoke(op, output);
        LeafWatch.Note(inputs);
        if (Records(inputs)) Add(op, inputs, [output], saved, rule);
        return output;
    }

    /// <summary>Records an op with several outputs.</summary>
    public static Tensor[] Record(
        string op, ReadOnlySpan<Tensor> inputs, Tensor[] outputs, ReadOnlySpan<Tensor> saved, GradientRule rule)
    {
        if (GraphWatch.Outputs is { } look)
            foreach (var output in outputs) look(op, output);
        LeafWatch.Note(inputs);
        if (Records(inputs)) Add(op, inputs, outputs, saved, rule);
        return outputs;
    }

    private static void Add(
        string op, ReadOnlySpan<Tensor> inputs, ReadOnlySpan<Tensor> outputs, ReadOnlySpan<Tensor> saved,
        GradientRule rule)
    {
        if (CheckpointRegion.Replaying is { } region) region.Take(op, outputs, saved);
        else _ = new OpNode(op, inputs, outputs, saved, rule);
    }
}
