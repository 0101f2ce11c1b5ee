namespace AmcEngine.Amc.Explanation.Methods;

/// <summary>A small matrix of doubles on the host, row by row: what attention maps are combined with.</summary>
/// <param name="rows">Rows.</param>
/// <param name="columns">Columns.</param>
public sealed class Matrix(int rows, int columns)
{
    /// <summary>Rows.</summary>
    public int Rows { get; } = rows;

    /// <summary>Columns.</summary>
    public int Columns { get; } = columns;

    /// <summary>The numbers, row by row.</summary>
    public double[] Values { get; } = new double[rows * columns];

    /// <summary>A number.</summary>
    public double this[int row, int column] => Values[row * Columns + column];

    /// <summary>The identity.</summary>
    public static Matrix Identity(int size)
    {
        var identity = new Matrix(size, size);
        for (var i = 0; i < size; i++) identity.Values[i * (size + 1)] = 1;
        return identity;
    }

    /// <summary>The sum.</summary>
    public Matrix Plus(Matrix other)
    {
        Require(other, Rows, Columns);
        var sum = new Matrix(Rows, Columns);
        for (var i = 0; i < Values.Length; i++) sum.Values[i] = Values[i] + other.Values[i];
        return sum;
    }

    /// <summary>The product.</summary>
    public Matrix Times(Matrix other)
    {
        Require(other, Columns, other.Columns);
        var product = new Matrix(Rows, other.Columns);
        for (var i = 0; i < Rows; i++)
            for (var k = 0; k < Columns; k++)
                for (var j = 0; j < other.Columns; j++)
                    product.Values[i * other.Columns + j] += this[i, k] * other[k, j];
        return product;
    }

    /// <summary>Rows and columns exchanged.</summary>
    public Matrix Transposed()
    {
        var transposed = new Matrix(Columns, Rows);
        for (var i = 0; i < Rows; i++)
            for (var j = 0; j < Columns; j++) transposed.Values[j * Rows + i] = this[i, j];
        return transposed;
    }

    /// <summary>Every row divided by its sum; a row whose sum is 0 stays as it is.</summary>
    public Matrix WithRowsOfSumOne()
    {
        var normalized = new Matrix(Rows, Columns);
        for (var i = 0; i < Rows; i++)
        {
            var sum = Row(i).ToArray().Sum();
            for (var j = 0; j < Columns; j++)
                normalized.Values[i * Columns + j] = sum == 0 ? this[i, j] : this[i, j] / sum;
        }
        return normalized;
    }

    /// <summary>A row without its first number: what a query makes of the patches, the class token left out.</summary>
    public double[] PatchesOf(int row) => Row(row)[1..].ToArray();

    /// <summary>A row.</summary>
    public ReadOnlySpan<double> Row(int row) => Values.AsSpan(row * Columns, Columns);

    private static void Require(Matrix matrix, int rows, int columns)
    {
        if (matrix.Rows != rows || matrix.Columns != columns)
            throw new ArgumentException(
                $"a matrix of {matrix.Rows}×{matrix.Columns} where {rows}×{columns} fits", nameof(matrix));
    }
}
