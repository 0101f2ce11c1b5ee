using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Autograd;

internal static partial class GradientCheck
{
    /// <summary>
    /// Of up to so many inputs, the cotangent among them, every subset is asked for; of more only single ones, pairs
    /// and all.
    /// </summary>
    private const int AllSubsets = 5;

    /// <summary>
    /// Checks first and second order for every choice of inputs. A rule sees which gradients are asked for, and a fused
    /// one leaves out the others: each non-empty subset of the inputs is differentiated while the rest are constants,
    /// and the gradient of each subset is differentiated with respect to each subset of inputs and cotangent.
    /// </summary>
    /// <remarks>
    /// A directional derivative of several inputs is the sum of those of each, so central differences are taken of
    /// single inputs only, and every subset is held against their sums. The last gradient is taken without recording,
    /// as training takes it.
    /// </remarks>
    /// <param name="function">Differentiable inputs to one output of any shape.</param>
    /// <param name="inputs">f64 values.</param>
    /// <param name="seed">Seed of cotangent and directions.</param>
    /// <returns>The worst result of each order, with the subsets that gave it.</returns>
    /// <exception cref="DTypeException">An input is not f64.</exception>
    public static IReadOnlyList<GradientCheckResult> RunSubsets(
        Func<IReadOnlyList<Tensor>, Tensor> function, IReadOnlyList<Tensor> inputs, int seed = 1)
    {
        RequireF64(inputs);
        return new SubsetCheck(function, inputs, new Random(seed)).Run();
    }

    /// <summary>
    /// Inputs are numbered from 0; the cotangent of the output comes behind them. A set of them is a bit mask.
    /// </summary>
    private sealed class SubsetCheck
    {
        private readonly Func<IReadOnlyList<Tensor>, Tensor> _function;
        private readonly Tensor[] _values;
        private readonly double[][] _first;
        private readonly double[][] _second;
        private readonly int _count;

        public SubsetCheck(Func<IReadOnlyList<Tensor>, Tensor> function, IReadOnlyList<Tensor> inputs, Random random)
        {
            _function = function;
            _count = inputs.Count;
            Shape output;
            using (MemoryScope.Begin())
            using (NoGrad.Begin())
                output = function(inputs).Shape;
            _values = [.. inputs, Tensor.From(Direction(output.Count, random), output, inputs[0].Backend)];
            _first = [.. inputs.Select(x => Direction(x.Count, random))];
            _second = [.. _values.Select(x => Direction(x.Count, random))];
        }

        public GradientCheckResult[] Run()
        {
            var numeric = Enumerable.Range(0, _count)
                .Select(i => Difference(i, _first[i], z => [Scalar(z).Item()])[0]).ToArray();
            var second = Enumerable.Range(0, _count + 1)
                .Select(j => Difference(j, _second[j], FirstDerivatives)).ToArray();
            GradientCheckResult first = new(1, -1, 0, 0), worst = new(2, -1, 0, 0);
            foreach (var asked in Subsets(_count))
            {
                first = Worse(first, Compare(1, FirstOrder(asked), Members(asked).Sum(i => numeric[i])) with
                {
                    Inputs = $"gradient of {Names(asked)}"
                });
                foreach (var then in Subsets(_count + 1))
                {
                    var expected = Members(then).Sum(j => Members(asked).Sum(i => second[j][i]));
                    worst = Worse(worst, Compare(2, SecondOrder(asked, then), expected) with
                    {
                        Inputs = $"gradient of {Names(asked)}, then of {Names(then)}"
                    });
                }
            }
            return [first, worst];
        }

        private double FirstOrder(int asked)
        {
            using var scope = MemoryScope.Begin();
            var z = Leaves(asked);
            var y = Scalar(z);
            return y.RequiresGrad
                ? Sum(AutogradEngine.Grad([y], [.. Members(asked).Select(i => z[i])]), z, asked, _first) : 0;
        }

        private double SecondOrder(int asked, int then)
        {
            using var scope = MemoryScope.Begin();
            var z = Leaves(asked | then);
            var y = Scalar(z);
            if (!y.RequiresGrad) return 0;
            var along = Tensor.Zeros([], DType.F64, y.Backend);
            var grads = AutogradEngine.Grad([y], [.. Members(asked).Select(i => z[i])], createGraph: true);
            foreach (var (i, g) in Members(asked).Zip(grads))
                if (g is not null) along = along.Add(Along(g, z[i], _first[i]));
            return along.RequiresGrad
                ? Sum(AutogradEngine.Grad([along], [.. Members(then).Select(j => z[j])]), z, then, _second) : 0;
        }

        /// <summary>The gradient of each input along its direction, all asked for at once.</summary>
        private double[] FirstDerivatives(Tensor[] z)
        {
            foreach (var t in z[.._count]) t.SetRequiresGrad();
            var y = Scalar(z);
            if (!y.RequiresGrad) return new double[_count];
            var grads = AutogradEngine.Grad([y], z[.._count]);
            return [.. grads.Select((g, i) => g is null ? 0 : Along(g, z[i], _first[i]).Item())];
        }

        private static double Sum(Tensor?[] grads, Tensor[] z, int members, double[][] directions) =>
            Members(members).Zip(grads, (i, g) => g is null ? 0 : Along(g, z[i], directions[i]).Item()).Sum();

        /// <summary>⟨function, cotangent⟩.</summary>
        private Tensor Scalar(Tensor[] z) => _function(z[.._count]).Mul(z[_count]).Sum();

        /// <summary>Central differences of some numbers along a direction of one input.</summary>
        private double[] Difference(int input, double[] direction, Func<Tensor[], double[]> numbers)
        {
            double[] At(double step)
            {
                using var scope = MemoryScope.Begin();
                var z = Leaves(0);
                z[input] = Shifted([_values[input]], [direction], step)[0].Detach();
                return numbers(z);
            }
            return [.. At(Step).Zip(At(-Step), (up, down) => (up - down) / (2 * Step))];
        }

        /// <summary>The values as leaves, of which the members require a gradient.</summary>
        private Tensor[] Leaves(int members) =>
            [.. _values.Select((t, i) => (members >> i & 1) == 1 ? t.Detach().SetRequiresGrad() : t.Detach())];

        private static IEnumerable<int> Subsets(int count) => Enumerable.Range(1, (1 << count) - 1)
            .Where(s => count <= AllSubsets || int.PopCount(s) is var n && (n <= 2 || n == count));

        private static IEnumerable<int> Members(int set) => Enumerable.Range(0, 31).Where(i => (set >> i & 1) == 1);

        private string Names(int set) =>
            string.Join(", ", Members(set).Select(i => i == _count ? "the cotangent" : $"input {i}"));
    }
}
