using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Fills removed pixels so that what is left of the picture does not say where they were (Rong et al. 2022): each
/// becomes the weighted mean of its eight neighbours, removed ones included, which is one system of linear equations;
/// then a little noise. Straight neighbours weigh 1/6, diagonal ones 1/12; beyond the edge there are none, and the
/// others weigh more.
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
        var neighbours = NeighboursOf(unknown);
        var random = new SeededRandom(seed, (ulong)unknown.Length);
        for (var channel = 0; channel < 3; channel++)
        {
            var plane = pixels.Slice(channel * removed.Length, removed.Length);
            var solution = Solve(plane, neighbours, place, unknown.Length);
            for (var i = 0; i < unknown.Length; i++)
                plane[unknown[i]] = (float)(solution[i] + noise * Gaussian(random));
        }
    }

    // Conjugate gradients, each equation divided by its diagonal (Jacobi).
    private double[] Solve(ReadOnlySpan<float> plane, int[] neighbours, int[] place, int n)
    {
        double[] diagonal = new double[n], right = new double[n], x = new double[n], product = new double[n];
        Equations(plane, neighbours, place, diagonal, right, x);
        // From here on neighbours are counted among the unknown.
        int[] unknown = [.. neighbours.Select(p => p < 0 ? -1 : place[p])];
        Apply(x, unknown, diagonal, product);
        double[] residual = new double[n], scaled = new double[n], direction = new double[n];
        for (var i = 0; i < n; i++)
            residual[i] = right[i] - product[i];
        Divide(residual, diagonal, direction);
        Divide(right, diagonal, scaled);
        double size = Dot(residual, direction),
            enough = Tolerance * Tolerance * Math.Max(Dot(right, scaled), double.Epsilon);
        for (var step = 0; step < 4 * side * side && size > enough; step++)
        {
            Apply(direction, unknown, diagonal, product);
            var along = size / Dot(direction, product);
            for (var i = 0; i < n; i++)
                (x[i], residual[i]) = (x[i] + along * direction[i], residual[i] - along * product[i]);
            Divide(residual, diagonal, scaled);
            var next = Dot(residual, scaled);
            for (var i = 0; i < n; i++)
                direction[i] = scaled[i] + next / size * direction[i];
            size = next;
        }
        return x;
    }

    // Diagonal: the weights of the neighbours that exist. Right side: those that are known, weighed. Start: the mean of
    // the known.
    private static void Equations(
        ReadOnlySpan<float> plane, int[] neighbours, int[] place, double[] diagonal, double[] right, double[] start)
    {
        double sum = 0;
        for (var i = 0; i < place.Length; i++)
            sum += place[i] < 0 ? plane[i] : 0;
        Array.Fill(start, sum / (place.Length - start.Length));
        for (var k = 0; k < neighbours.Length; k++)
        {
            (var i, var other, var weight) =
                (k / Neighbours.Length, neighbours[k], Neighbours[k % Neighbours.Length].Weight);
            if (other < 0)
                continue;
            diagonal[i] += weight;
            if (place[other] < 0)
                right[i] += weight * plane[other];
        }
    }

    private static void Apply(double[] x, int[] neighbours, double[] diagonal, double[] product)
    {
        var k = 0;
        for (var i = 0; i < x.Length; i++)
        {
            var sum = diagonal[i] * x[i];
            foreach ((_, _, var weight) in Neighbours)
            {
                var other = neighbours[k++];
                if (other >= 0)
                    sum -= weight * x[other];
            }
            product[i] = sum;
        }
    }

    // Eight pixels for each of the unknown; −1 beyond the edge.
    private int[] NeighboursOf(int[] unknown)
    {
        var pixels = new int[unknown.Length * Neighbours.Length];
        for (var k = 0; k < pixels.Length; k++)
        {
            (var pixel, var step) = (unknown[k / Neighbours.Length], Neighbours[k % Neighbours.Length]);
            int x = pixel % side + step.X, y = pixel / side + step.Y;
            pixels[k] = x < 0 || y < 0 || x >= side || y >= side ? -1 : y * side + x;
        }
        return pixels;
    }

    private static void Divide(double[] a, double[] b, double[] into)
    {
        for (var i = 0; i < a.Length; i++)
            into[i] = a[i] / b[i];
    }

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
