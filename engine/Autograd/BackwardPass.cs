using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>
/// One walk through the graph from outputs to leaves, newest node first (a node's consumers are always newer, so its
/// cotangents are complete when its turn comes). Cotangents are freed as they are consumed.
/// </summary>
/// <param name="createGraph">Whether the gradients are recorded.</param>
/// <param name="retainGraph">Whether the graph keeps what it has saved.</param>
/// <param name="wanted">Whose gradients are asked for, with their places; null for all leaves.</param>
/// <param name="captured">Receives the gradients that are asked for.</param>
/// <param name="completed">
/// Told of each leaf as soon as its gradient is whole; leaves then need not wait for the end of the pass.
/// </param>
internal sealed class BackwardPass(bool createGraph, bool retainGraph, Dictionary<Edge, int>? wanted,
    Tensor?[] captured, Action<Tensor>? completed = null)
{
    private readonly Dictionary<Node, Tensor?[]> _cotangents = [];
    private readonly PriorityQueue<Node, long> _queue = new();
    private readonly Dictionary<Node, bool> _leadsToWanted = [];
    private HashSet<Node> _wantedNodes = [];
    private LeafCountdown? _countdown;

    public void Run(IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor?>? gradOutputs)
    {
        using var mode = GradMode.Set(createGraph);
        if (wanted is not null) _wantedNodes = [.. wanted.Keys.Select(e => e.Node!)];
        if (completed is not null) _countdown = new LeafCountdown(outputs);
        for (var i = 0; i < outputs.Count; i++) Seed(outputs[i], gradOutputs?[i]);
        while (_queue.TryDequeue(out var node, out _)) Visit(node);
    }

    /// <summary>
    /// What has arrived at an edge so far, where no one else holds it and nothing is recorded; else null.
    /// </summary>
    public Tensor? SumAt(Edge edge) =>
        !createGraph && edge.Node is { } node && _cotangents.TryGetValue(node, out var slots)
            && slots[edge.Index] is { Storage.References: 1 } sum ? sum : null;

    private void Seed(Tensor output, Tensor? gradOutput)
    {
        if (!output.RequiresGrad)
            throw new AutogradException("backward",
                $"{output} does not require a gradient: no input of its graph does, or it was made without recording");
        if (gradOutput is null && output.Count != 1)
            throw new AutogradException(
                "backward", $"{output} has {output.Count} elements; pass a cotangent of that shape");
        if (gradOutput is not null && !gradOutput.Shape.Equals(output.Shape))
            throw new AutogradException(
                "backward", $"the cotangent {gradOutput.Shape} does not have the output's shape {output.Shape}");
        if (!Leads(output.Edge.Node!)) return;
        using var scope = MemoryScope.Begin();
        Accumulate(output.Edge, gradOutput ?? Tensor.Ones(output.Shape, output.DType, output.Backend));
    }

    private void Visit(Node node)
    {
        // A recorded gradient is part of what it is recorded for.
        using var phase = createGraph ? default : GraphWatch.BeginBackward(node);
        // A leaf whose gradient was whole early has had its turn.
        if (!_cotangents.Remove(node, out var grads)) return;
        Capture(node, grads);
        if (node is LeafNode leaf)
        {
            if (wanted is null) AddToLeaf(leaf.Leaf, grads[0]!);
        }
        else
        {
            Propagate(node, grads);
        }
        foreach (var g in grads) g?.Dispose();
        if (completed is not null) Complete(node);
    }

    private void Complete(Node node)
    {
        if (node is LeafNode own) completed!(own.Leaf);
        foreach (var edge in node.Inputs)
            if (edge.Node is LeafNode leaf && _countdown!.IsLast(leaf)) Visit(leaf);
    }

    private void Propagate(Node node, Tensor?[] grads)
    {
        var needed = new bool[node.Inputs.Length];
        for (var i = 0; i < needed.Length; i++) needed[i] = node.Inputs[i].Node is { } next && Leads(next);
        if (!needed.Contains(true)) return;
        using var scope = MemoryScope.Begin();
        var inputs = node.Apply(grads, needed, this);
        for (var i = 0; i < inputs.Length; i++)
            if (needed[i] && inputs[i] is { } g) Accumulate(node.Inputs[i], g);
        if (!retainGraph) node.Release();
    }

    private void Capture(Node node, Tensor?[] grads)
    {
        if (!_wantedNodes.Contains(node)) return;
        for (var i = 0; i < grads.Length; i++)
            if (grads[i] is { } g && wanted!.TryGetValue(new Edge(node, i), out var slot))
                captured[slot] = g.Share(g.Shape, g.Edge);
    }

    /// <summary>Adds a cotangent to what has already arrived at an edge; the pass holds its own handle on it.</summary>
    private void Accumulate(Edge edge, Tensor g)
    {
        var node = edge.Node!;
        if (!_cotangents.TryGetValue(node, out var slots))
        {
            _cotangents[node] = slots = new Tensor?[node.OutputCount];
            _queue.Enqueue(node, -node.Sequence);
        }
        if (slots[edge.Index] is not { } sum)
        {
            slots[edge.Index] = MemoryScope.Detach(g.Share(g.Shape, g.Edge));
            // Only a weight's gradient stays after the pass, and only its first one takes memory.
            if (node is LeafNode { Leaf: { Name: not null, Grad: null } } && wanted is null)
                GraphWatch.Current?.NoteGradient(g.Storage);
        }
        else if (ReferenceEquals(sum, g))
        {
            // The rule has added to the sum itself.
        }
        else if (!createGraph && sum.Storage.References == 1)
        {
            sum.Backend.Run(new AddScaledArgs(g, 1, sum));
        }
        else
        {
            slots[edge.Index] = MemoryScope.Detach(Sum(sum, g));
            sum.Dispose();
        }
    }

    private void AddToLeaf(Tensor leaf, Tensor g)
    {
        if (leaf.Grad is not { } sum)
        {
            if (createGraph || g.Storage.References == 1)
            {
                leaf.Grad = MemoryScope.Detach(g.Share(g.Shape, g.Edge));
            }
            else
            {
                leaf.Grad = MemoryScope.Detach(Tensor.Empty(g.Shape, g.DType, g.Backend));
                g.Backend.Run(new CopyArgs(g, leaf.Grad));
            }
        }
        else if (createGraph)
        {
            leaf.Grad = MemoryScope.Detach(Sum(sum, g));
        }
        else
        {
            sum.Backend.Run(new AddScaledArgs(g, 1, sum));
            sum.Storage.Touch();
        }
    }

    // The sum of two cotangents of one shape as a node of its own. An op would do, but ops stand above the graph.
    private static Tensor Sum(Tensor a, Tensor b)
    {
        var y = Tensor.Empty(a.Shape, a.DType, a.Backend);
        a.Backend.Run(new BinaryArgs(BinaryKind.Add, a, b, y));
        return Graph.Record("add", [a, b], y, [], (c, g) => [c.Needs(0) ? g[0] : null, c.Needs(1) ? g[0] : null]);
    }

    /// <summary>Whether a wanted tensor lies at or below the node (always, when all leaves are wanted).</summary>
    private bool Leads(Node root)
    {
        if (wanted is null) return true;
        if (_leadsToWanted.TryGetValue(root, out var known)) return known;
        var stack = new Stack<(Node Node, bool Expanded)>();
        stack.Push((root, false));
        while (stack.TryPop(out var top))
        {
            if (top.Expanded)
            {
                var leads = _wantedNodes.Contains(top.Node);
                foreach (var e in top.Node.Inputs)
                    leads |= e.Node is { } n && _leadsToWanted.GetValueOrDefault(n);
                _leadsToWanted[top.Node] = leads;
            }
            else if (!_leadsToWanted.ContainsKey(top.Node))
            {
                _leadsToWanted[top.Node] = false;
                stack.Push((top.Node, true));
                foreach (var e in top.Node.Inputs)
                    if (e.Node is { } n && !_leadsToWanted.ContainsKey(n)) stack.Push((n, false));
            }
        }
        return _leadsToWanted[root];
    }
}
