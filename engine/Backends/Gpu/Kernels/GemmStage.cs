using System.Numerics;
using System.Runtime.CompilerServices;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// The quad of an operand that a lane brings from global to shared memory for each tile. In shared memory a tile lies
/// by k, its lines (rows of A, columns of B) side by side, whatever the operand's own order: where k is contiguous, a
/// quad is scattered over four steps of k; else it is stored whole. Four elements between steps spread the scattered
/// stores over the banks.
/// </summary>
internal struct GemmStage
{
    /// <summary>Elements between steps of k in shared memory, beyond the lines of a tile.</summary>
    public const int Padding = 4;

    /// <summary>Element of the operand.</summary>
    public int Index;

    /// <summary>First k of the quad (or its only one).</summary>
    public int K;

    /// <summary>Lines of the operand from the quad's on.</summary>
    public int Lines;

    /// <summary>Element in the shared tile.</summary>
    public int Target;

    /// <summary>The quad that item <paramref name="item"/> of a tile of lines × depth elements brings.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static GemmStage At(
        int item, bool alongK, int lines, int depth, int offset, int stride, int firstLine, int endLine, int firstK)
    {
        var perLine = depth / 4;
        var perStep = lines / 4;
        var line = alongK ? item / perLine : item % perStep * 4;
        var k = alongK ? item % perLine * 4 : item / perStep;
        GemmStage s;
        s.K = firstK + k;
        s.Lines = endLine - firstLine - line;
        s.Index = offset + (alongK ? (firstLine + line) * stride + s.K : s.K * stride + firstLine + line);
        s.Target = k * (lines + Padding) + line;
        return s;
    }

    /// <summary>Reads the quad; zeros past the lines and past <paramref name="endK"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Quad<T> Load<T, TVector>(ArrayView<T> x, bool alongK, int endK)
        where T : unmanaged, IFloatingPointIeee754<T> where TVector : struct, IFlag =>
        alongK
            ? GemmLoad.Four<T, TVector>(x, Index, Lines > 0, endK - K)
            : GemmLoad.Four<T, TVector>(x, Index, K < endK, Lines);

    /// <summary>The same quad <paramref name="depth"/> steps of k further on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly GemmStage Next(bool alongK, int depth, int stride)
    {
        var s = this;
        s.Index += alongK ? depth : depth * stride;
        s.K += depth;
        return s;
    }

    /// <summary>The quad that is <paramref name="rows"/> stored rows further on in the same tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly GemmStage Below(bool alongK, int rows, int stride, int lines)
    {
        var s = this;
        s.Index += rows * stride;
        s.K += alongK ? 0 : rows;
        s.Lines -= alongK ? rows : 0;
        s.Target += alongK ? rows : rows * (lines + Padding);
        return s;
    }

    /// <summary>Stores the quad into the tile that starts at quad <paramref name="start"/> of shared memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Put<T>(ArrayView<Quad<T>> shared, int start, bool alongK, int lines, Quad<T> value)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (!alongK)
        {
            shared[start + (Target >> 2)] = value;
            return;
        }
        var elements = shared.Cast<T>();
        var at = start * 4 + Target;
        elements[at] = value.X;
        elements[at + lines + Padding] = value.Y;
        elements[at + 2 * (lines + Padding)] = value.Z;
        elements[at + 3 * (lines + Padding)] = value.W;
    }

    /// <summary>
    /// Which row of quads a lane of 256 computes. A warp takes 4 × 8 quads: it then reads 12 different quads of shared
    /// memory a step, fewer than as a line of 32, and stores whole 128-byte lines.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuadRow(int lane) => lane / 64 * 4 + lane % 32 / 8;

    /// <summary>Which column of quads a lane of 256 computes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int QuadColumn(int lane) => lane / 32 % 2 * 8 + lane % 8;
}
