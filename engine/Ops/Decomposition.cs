using AmcEngine.Autograd;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Gradients of a fused op through the same function written in basic ops: any order a fused kernel lacks.
/// </summary>
internal static class Decomposition
{
    /// <summary>
    /// Runs <paramref name="function"/> on the saved inputs with recording on, and pulls the cotangents back through
    /// it. Each input gets a graph node of its own, so that inputs which are the same tensor are told apart.
    /// </summary>
    /// <param name="context">The rule's context; its saved tensors start with the op's inputs in their order.</param>
    /// <param name="cotangents">One a function output; null stands for zero.</param>
    /// <param name="inputCount">How many of the saved tensors are inputs.</param>
    /// <param name="function">Inputs to outputs.</param>
    public static Tensor?[] Gradients(
        GradientContext context, Tensor?[] cotangents, int inputCount, Func<Tensor[], Tensor[]> function)
    {
        var createGraph = GradMode.Enabled;
        var inputs = context.Saved[..inputCount];
        var wanted = new List<int>();
        Tensor[] outputs;
        using (GradMode.Set(true))
        {
            for (var i = 0; i < inputs.Length; i++)
            {
                var needed = context.Needs(i);
                if (needed) wanted.Add(i);
                inputs[i] = needed ? inputs[i].Alias() : inputs[i].Detach();
            }
            outputs = function(inputs);
        }
        var result = new Tensor?[inputs.Length];
        var live = Enumerable.Range(0, outputs.Length)
            .Where(i => cotangents[i] is not null && outputs[i].RequiresGrad).ToArray();
        if (live.Length == 0) return result;
        var grads = AutogradEngine.Grad(
            [.. live.Select(i => outputs[i])], [.. wanted.Select(i => inputs[i])], [.. live.Select(i => cotangents[i])],
            createGraph, createGraph);
        for (var i = 0; i < wanted.Count; i++) result[wanted[i]] = grads[i];
        return result;
    }

    /// <summary>
    /// The gradient of <paramref name="function"/> as a function of its inputs and cotangents, recorded throughout:
    /// what <see cref="Gradients"/> differentiates for the order after a fused gradient.
    /// </summary>
    /// <param name="inputs">All inputs of the function.</param>
    /// <param name="cotangents">One a function output; null stands for zero.</param>
    /// <param name="function">Inputs to outputs.</param>
    /// <returns>One gradient an input.</returns>
    public static Tensor[] GradientFunction(Tensor[] inputs, Tensor?[] cotangents, Func<Tensor[], Tensor[]> function)
    {
        Tensor[] nodes = [.. inputs.Select(x => x.RequiresGrad ? x.Alias() : x.Detach().SetRequiresGrad())];
        var outputs = function(nodes);
        var live = Enumerable.Range(0, outputs.Length).Where(i => cotangents[i] is not null).ToArray();
        var grads = AutogradEngine.Grad(
            [.. live.Select(i => outputs[i])], nodes, [.. live.Select(i => cotangents[i])], createGraph: true);
        return [.. grads.Select((g, i) => g ?? Tensor.Zeros(inputs[i].Shape, inputs[i].DType, inputs[i].Backend))];
    }

    /// <summary>Puts cotangents back in their places: null where none was given.</summary>
    public static Tensor?[] Spread(Tensor[] cotangents, bool[] given)
    {
        var next = 0;
        return [.. given.Select(g => g ? cotangents[next++] : null)];
    }
}
