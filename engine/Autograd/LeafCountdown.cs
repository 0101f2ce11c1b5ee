using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>
/// How many contributions to each leaf's gradient a backward pass has still to bring: the edges that lead to the leaf
/// in the graph below the outputs. A leaf whose count has come to zero has its whole gradient, while the pass goes on.
/// </summary>
internal sealed class LeafCountdown
{
    private readonly Dictionary<LeafNode, int> _left = [];

    /// <summary>Counts the edges below some outputs.</summary>
    public LeafCountdown(IReadOnlyList<Tensor> outputs)
    {
        var known = new HashSet<Node>();
        var stack = new Stack<Node>();
        foreach (var output in outputs)
            if (output.Edge.Node is { } root && known.Add(root)) stack.Push(root);
        while (stack.TryPop(out var node))
        {
            foreach (var edge in node.Inputs)
            {
                if (edge.Node is LeafNode leaf) _left[leaf] = _left.GetValueOrDefault(leaf) + 1;
                else if (edge.Node is { } next && known.Add(next)) stack.Push(next);
            }
        }
    }

    /// <summary>
    /// A node has handed on its gradients; whether its edge was the last one to the leaf. Edges of nodes that no
    /// gradient reaches are never counted down: their leaves are complete when the pass ends.
    /// </summary>
    public bool IsLast(LeafNode leaf) => --_left[leaf] == 0;
}
