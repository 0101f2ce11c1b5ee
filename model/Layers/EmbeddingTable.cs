using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>A table of learnt rows <c>[count, width]</c>.</summary>
public sealed class EmbeddingTable : Module
{
    /// <summary>A table, normal with std 0.02.</summary>
    public EmbeddingTable(int count, int width) =>
        Weight = AddWeight("weight", [count, width], Initialization.Normal(0.02));

    /// <summary>The rows.</summary>
    public Parameter Weight { get; }
}
