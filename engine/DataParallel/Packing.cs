using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.DataParallel;

/// <summary>Where tensors of one element type stand in one piece of memory, one after the other.</summary>
internal sealed class Packing
{
    // Each begins where vectors do.
    private const int Alignment = 16;

    private readonly Tensor[] _tensors;
    private readonly int[] _starts;

    /// <summary>Gives each tensor its place.</summary>
    public Packing(IReadOnlyList<Tensor> tensors)
    {
        _tensors = [.. tensors];
        _starts = new int[_tensors.Length];
        for (var i = 0; i < _tensors.Length; i++)
        {
            _starts[i] = Length;
            Length = checked(Length + (_tensors[i].Count + Alignment - 1) / Alignment * Alignment);
        }
    }

    /// <summary>The tensors.</summary>
    public IReadOnlyList<Tensor> Tensors => _tensors;

    /// <summary>Elements of the memory.</summary>
    public int Length { get; }

    /// <summary>The place of a tensor, with its shape; the caller owns the handle.</summary>
    /// <param name="memory">Of that length at least.</param>
    /// <param name="index">The tensor's number.</param>
    public Tensor Place(Tensor memory, int index) =>
        MemoryScope.Detach(memory.Share(_tensors[index].Shape, default, _starts[index]));

    /// <summary>Writes zeros where no tensor has its place.</summary>
    public void ClearGaps(Tensor memory)
    {
        for (var i = 0; i < _tensors.Length; i++)
        {
            var end = _starts[i] + _tensors[i].Count;
            var next = i + 1 < _tensors.Length ? _starts[i + 1] : Length;
            if (end == next) continue;
            using var gap = MemoryScope.Detach(memory.Share([next - end], default, end));
            gap.Backend.Run(new FillArgs(gap, 0));
        }
    }
}
