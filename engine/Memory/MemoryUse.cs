using AmcEngine.Tensors;

namespace AmcEngine.Memory;

/// <summary>How much memory tensors hold.</summary>
public static class MemoryUse
{
    /// <summary>Bytes of the blocks that the tensors hold, each block once, with what its size class rounds up.</summary>
    public static long Of(IEnumerable<Tensor> tensors) => tensors.Select(t => t.Storage).Distinct().Sum(s => s.Bytes);
}
