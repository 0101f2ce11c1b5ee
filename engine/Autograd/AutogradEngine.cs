using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>Reverse-mode differentiation of any order.</summary>
public static class AutogradEngine
{
    /// <summary>
    /// Gradients of Σ⟨outputs, gradOutputs⟩ with respect to <paramref name="inputs"/>, like <c>torch.autograd.grad</c>.
    /// Leaves that are not named get nothing.
    /// </summary>
    /// <param name="outputs">What is differentiated.</param>
    /// <param name="inputs">Leaves or intermediate tensors of the graph.</param>
    /// <param name="gradOutputs">
    /// Cotangents with the outputs' shapes; null stands for ones, allowed for one-element outputs.
    /// </param>
    /// <param name="createGraph">Record the gradient itself, so that it can be differentiated again.</param>
    /// <param name="retainGraph">
    /// Keep what the graph saved for another pass; by default only with <paramref name="createGraph"/>.
    /// </param>
    /// <returns>One gradient an input; null where the outputs do not depend on the input.</returns>
    /// <exception cref="AutogradException">
    /// An output does not require a gradient, an input is no part of a graph, or the graph was released.
    /// </exception>
    public static Tensor?[] Grad(
        IReadOnlyList<Tensor> outputs,
        IReadOnlyList<Tensor> inputs,
        IReadOnlyList<Tensor?>? gradOutputs = null,
        bool createGraph = false,
        bool? retainGraph = null)
    {
        var wanted = new Dictionary<Edge, int>();
        foreach (var input in inputs)
        {
            if (!input.RequiresGrad) throw new AutogradException("grad", $"input {input} does not require a gradient");
            wanted.TryAdd(input.Edge, wanted.Count);
        }
        var captured = new Tensor?[wanted.Count];
        using (var scope = MemoryScope.Begin())
        {
            var pass = new BackwardPass(createGraph, retainGraph ?? createGraph, wanted, captured);
            pass.Run(outputs, gradOutputs);
            foreach (var t in captured)
                if (t is not null) scope.Keep(t);
        }
        var result = new Tensor?[inputs.Count];
        for (var i = 0; i < result.Length; i++) result[i] = captured[wanted[inputs[i].Edge]];
        return result;
    }

    /// <summary>
    /// Adds the gradient of a one-element tensor to <see cref="Tensor.Grad"/> of every leaf that requires it, like
    /// <c>torch.Tensor.backward</c>. Gradients belong to no scope; clear them before the next step.
    /// </summary>
    /// <exception cref="AutogradException">The tensor requires no gradient or the graph was released.</exception>
    public static void Backward(
        this Tensor output, Tensor? gradOutput = null, bool retainGraph = false, bool createGraph = false)
    {
        using var scope = MemoryScope.Begin();
        var pass = new BackwardPass(createGraph, retainGraph || createGraph, null, []);
        pass.Run([output], gradOutput is null ? null : [gradOutput]);
    }

    /// <summary>
    /// As <see cref="Backward(Tensor, Tensor?, bool, bool)"/>, to the same bits, and says of each leaf when its
    /// gradient is whole: somebody may work on it while the pass goes on.
    /// </summary>
    /// <param name="output">A one-element tensor.</param>
    /// <param name="completed">Told of each leaf that the pass has reached, once; it may replace the gradient.</param>
    /// <exception cref="AutogradException">The tensor requires no gradient or the graph was released.</exception>
    public static void Backward(this Tensor output, Action<Tensor> completed)
    {
        using var scope = MemoryScope.Begin();
        new BackwardPass(false, false, null, [], completed).Run([output], null);
    }

    /// <summary>
    /// Adds the gradient of Σ⟨outputs, gradOutputs⟩ to <see cref="Tensor.Grad"/> of every leaf that requires it, as
    /// <see cref="Backward(Tensor, Tensor?, bool, bool)"/> does, in one pass.
    /// </summary>
    /// <param name="outputs">What is differentiated.</param>
    /// <param name="gradOutputs">Cotangents with the outputs' shapes.</param>
    /// <param name="completed">Told of each leaf that is reached, once its gradient is whole; or null.</param>
    /// <exception cref="AutogradException">An output requires no gradient or the graph was released.</exception>
    public static void Backward(
        IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> gradOutputs, Action<Tensor>? completed = null)
    {
        using var scope = MemoryScope.Begin();
        new BackwardPass(false, false, null, [], completed).Run(outputs, gradOutputs);
    }
}
