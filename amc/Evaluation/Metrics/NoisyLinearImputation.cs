using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Fills removed pixels so that what is left of the picture does not say where they were (Rong et al. 2022): each becomes the
/// weighted mean of its eight neighbours, removed ones included, which is one system of linear equations; then a little noise.
/// Straight neighbours weigh 1/6, diagonal ones 1/12; beyond the edge there are none, and the others weigh more.
/// </summary>
/// <param name="side">Width and height of the pictures.</param>
/// <param name="noise">Standard deviation of the noise, in normalised colours.</param>
/// <param name="seed">Seed of the noise.</param>
internal sealed class NoisyLinearImputation(int side, double noise = 0.01, ulong seed = 0)
{
    // Twelfths: the equations of all pixels times their sum are symmetric, as conjugate gradients need them.
    private static readonly (int X, int Y, double Weight)[] Neighbours =
    [
        (-1, -1, 1), (0, -1, 2), (1, -1, 1), (-1, 0, 2), (1, 0, 2), (-1, 1, 1), (0, 1, 2), (1, 1, 1),
    ];

    private const double Tolerance = 1e-5;

    /// <summary>Replaces the removed pixels of a picture.</summary>
    /// <param name="pixels">3 × side × side normalised numbers.</param>
    /// <param name="removed">Whether a pixel is removed, side × side; not all are.</param>
    public void Fill(Span<float> pixels, bool[] removed)
    {
        int[] unknown = [.. Enumerable.Range(0, removed.Length).Where(i => removed[i])];
        if (unknown.Length == 0)
            return;
        ArgumentOutOfRangeException.ThrowIfEqual(unknown.Length, removed.Length);
        var place = new int[removed.Length];
        Array.Fill(place, -1);
        for (var i = 0; i < unknown.Length; i++)
            place[unknown[i]] = i;
        var random = new SeededRandom(seed, (ulong)unknown.Length);
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = pixels.Slice(channel * removed.Length, removed.Length);
            var solution = Solve(plane, unknown, place);
            for (var i = 0; i < unknown.Length; i++)
                plane[unknown[i]] = (float)(solution[i] + noise * Gaussian(random));
        }
    }

    // Conjugate gradients, each equation divided by its diagonal (Jacobi).
    private double[] Solve(ReadOnlySpan<float> plane, int[] unknown, int[] place)
    {
        var n = unknown.Length;
        double[] diagonal = new double[n], right = new double[n], x = new double[n], product = new double[n];
        Equations(plane, unknown, place, diagonal, right, x);
        Apply(x, unknown, place, diagonal, product);
        double[] residual = [.. right.Zip(product, (b, a) => b - a)];
        var scaled = Divide(residual, diagonal);
        double[] direction = [.. scaled];
        double size = Dot(residual, scaled), enough = Tolerance * Tolerance * Math.Max(Dot(right, Divide(right, diagonal)), double.Epsilon);
        for (var step = 0; step < 4 * side * side && size > enough; step++)
        {
            Apply(direction, unknown, place, diagonal, product);
            var along = size / Dot(direction, product);
            for (var i = 0; i < n; i++)
                (x[i], residual[i]) = (x[i] + along * direction[i], residual[i] - along * product[i]);
            scaled = Divide(residual, diagonal);
            var next = Dot(residual, scaled);
            for (var i = 0; i < n; i++)
                direction[i] = scaled[i] + next / size * direction[i];
            size = next;
        }
        return x;
    }

    // Diagonal: the weights of the neighbours that exist. Right side: those that are known, weighed. Start: the mean of the known.
    private void Equations(ReadOnlySpan<float> plane, int[] unknown, int[] place, double[] diagonal, double[] right, double[] start)
    {
        double sum = 0;
        for (var i = 0; i < place.Length; i++)
            sum += place[i] < 0 ? plane[i] : 0;
        Array.Fill(start, sum / (place.Length - unknown.Length));
        for (var i = 0; i < unknown.Length; i++)
        {
            foreach ((var dx, var dy, var weight) in Neighbours)
            {
                if (At(unknown[i], dx, dy) is not { } other)
                    continue;
                diagonal[i] += weight;
                if (place[other] < 0)
                    right[i] += weight * plane[other];
            }
        }
    }

    private void Apply(double[] x, int[] unknown, int[] place, double[] diagonal, double[] product)
    {
        for (var i = 0; i < unknown.Length; i++)
        {
            var sum = diagonal[i] * x[i];
            foreach ((var dx, var dy, var weight) in Neighbours)
            {
                if (At(unknown[i], dx, dy) is { } other && place[other] >= 0)
                    sum -= weight * x[place[other]];
            }
            product[i] = sum;
        }
    }

    private int? At(int pixel, int dx, int dy)
    {
        int x = pixel % side + dx, y = pixel / side + dy;
        return x < 0 || y < 0 || x >= side || y >= side ? null : y * side + x;
    }

    private static double[] Divide(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x / y)];

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (var i = 0; i < a.Length; i++)
            sum += a[i] * b[i];
        return sum;
    }

    // Box and Muller.
    private static double Gaussian(SeededRandom random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
