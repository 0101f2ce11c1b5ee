using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>A choice between two variants of a kernel, made when it is compiled.</summary>
internal interface IChoice
{
    static abstract bool Value { get; }
}

/// <summary>Yes.</summary>
internal readonly struct Yes : IChoice
{
    public static bool Value => true;
}

/// <summary>No.</summary>
internal readonly struct No : IChoice
{
    public static bool Value => false;
}

/// <summary>The rows of one head of an operand: element (i, d) at At + i·Stride + d.</summary>
internal struct HeadRows<T> where T : unmanaged
{
    public ArrayView<T> Data;
    public int At;
    public int Stride;
    public int Count;
    public int Width;
}

/// <summary>
/// Loads and stores of <see cref="HeadRows{T}"/> in fours; as vectors where TVector says that width, strides and address allow it.
/// Rows past the end read the last row, whose results are not kept; columns past the end read 0.
/// </summary>
internal static class HeadRows<T, R, TVector> where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IChoice
{
    public static Four<T> Load(HeadRows<T> rows, int i, int d)
    {
        var at = rows.At + (i < rows.Count ? i : rows.Count - 1) * rows.Stride + d;
        var value = Tiles<T, R>.Splat(T.Zero);
        if (TVector.Value)
        {
            if (d < rows.Width) value = rows.Data.Cast<Four<T>>()[at >> 2];
            return value;
        }
        if (d < rows.Width) value.X = rows.Data[at];
        if (d + 1 < rows.Width) value.Y = rows.Data[at + 1];
        if (d + 2 < rows.Width) value.Z = rows.Data[at + 2];
        if (d + 3 < rows.Width) value.W = rows.Data[at + 3];
        return value;
    }

    public static Tile4<T> LoadTile(HeadRows<T> rows, int i, int d) =>
        Tiles<T, R>.Make(Load(rows, i, d), Load(rows, i + 1, d), Load(rows, i + 2, d), Load(rows, i + 3, d));

    public static void StoreTile(HeadRows<T> rows, int i, int d, Tile4<T> value)
    {
        Store(rows, i, d, value.R0);
        Store(rows, i + 1, d, value.R1);
        Store(rows, i + 2, d, value.R2);
        Store(rows, i + 3, d, value.R3);
    }

    private static void Store(HeadRows<T> rows, int i, int d, Four<T> value)
    {
        if (i >= rows.Count) return;
        var at = rows.At + i * rows.Stride + d;
        if (TVector.Value)
        {
            if (d < rows.Width) rows.Data.Cast<Four<T>>()[at >> 2] = value;
            return;
        }
        if (d < rows.Width) rows.Data[at] = value.X;
        if (d + 1 < rows.Width) rows.Data[at + 1] = value.Y;
        if (d + 2 < rows.Width) rows.Data[at + 2] = value.Z;
        if (d + 3 < rows.Width) rows.Data[at + 3] = value.W;
    }
}
