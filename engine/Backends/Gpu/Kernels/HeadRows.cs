using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

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
/// Loads and stores of <see cref="HeadRows{T}"/> in fours; as vectors where TVector says that width, strides and
/// address allow it. Rows past the end read the last row, whose results are not kept; columns past the end read 0.
/// </summary>
internal static class HeadRows<T, R, TVector>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where TVector : struct, IFlag
{
    public static Quad<T> Load(HeadRows<T> rows, int i, int d)
    {
        var row = rows.At + (i < rows.Count ? i : rows.Count - 1) * rows.Stride;
        if (TVector.Value)
        {
            var value = Tiles<T, R>.Splat(T.Zero);
            if (d < rows.Width) value = rows.Data.Cast<Quad<T>>()[(row + d) >> 2];
            return value;
        }
        return Tiles<T, R>.Make(
            Element(rows, row, d), Element(rows, row, d + 1), Element(rows, row, d + 2), Element(rows, row, d + 3));
    }

    // Loads within the row and selects, which is shorter than a branch.
    private static T Element(HeadRows<T> rows, int row, int d)
    {
        var value = rows.Data[row + (d < rows.Width ? d : 0)];
        return d < rows.Width ? value : T.Zero;
    }

    public static Tile4<T> LoadTile(HeadRows<T> rows, int i, int d)
    {
        var tile = Tiles<T, R>.SplatTile(T.Zero);
        for (var r = 0; r < 4; r++) tile = Tiles<T, R>.Push(tile, Load(rows, i + r, d));
        return tile;
    }

    public static void StoreTile(HeadRows<T> rows, int i, int d, Tile4<T> value)
    {
        for (var r = 0; r < 4; r++)
        {
            if (i + r < rows.Count) Store(rows, rows.At + (i + r) * rows.Stride, d, value.R0);
            value = Tiles<T, R>.Push(value, value.R0);
        }
    }

    private static void Store(HeadRows<T> rows, int row, int d, Quad<T> value)
    {
        if (TVector.Value)
        {
            if (d < rows.Width) rows.Data.Cast<Quad<T>>()[(row + d) >> 2] = value;
            return;
        }
        if (d < rows.Width) rows.Data[row + d] = value.X;
        if (d + 1 < rows.Width) rows.Data[row + d + 1] = value.Y;
        if (d + 2 < rows.Width) rows.Data[row + d + 2] = value.Z;
        if (d + 3 < rows.Width) rows.Data[row + d + 3] = value.W;
    }
}
