namespace AmcEngine.Autograd;

/// <summary>Which output of which node a tensor is; default for a constant.</summary>
internal readonly record struct Edge(Node? Node, int Index);
