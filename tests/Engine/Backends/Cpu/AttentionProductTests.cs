using System.Runtime.InteropServices;
using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Kernels;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// Products inside a head, with the copies that attention makes for them, to the bits of a general product: on one side
/// and the other of every size at which another way is taken.
/// </summary>
internal sealed unsafe class AttentionProductTests(string path) : OnEverySimdPath(path)
{
    // Queries, keys, width, elements from row to row.
    private static readonly int[][] Sizes =
    [
        [1, 1, 1, 1], [3, 65, 24, 96], [12, 257, 64, 768], [40, 33, 5, 9], [41, 33, 5, 9], [43, 19, 64, 1100],
        [86, 257, 64, 768], [50, 70, 13, 640], [45, 280, 300, 301],
    ];

    [Test]
    public void Scores_are_those_of_a_general_product([ValueSource(nameof(Sizes))] int[] size, [Values] bool accumulate)
    {
        var (queries, keys, width, pitch) = (size[0], size[1], size[2], size[3]);
        fixed (float* x = Values(queries * pitch, 1), y = Values(keys * pitch, 2))
        {
            var expected = Values(queries * MapPitch(keys), 3);
            var actual = (float[])expected.Clone();
            fixed (float* to = expected) Gemm<float>.Run(new GemmProblem<float>
            {
                A = x,
                RowA = pitch,
                ColA = 1,
                B = y,
                RowB = 1,
                ColB = pitch,
                C = to,
                Ldc = MapPitch(keys),
                M = queries,
                N = keys,
                K = width,
                Alpha = 0.3f,
                Accumulate = accumulate,
            });
            using var memory = new Copies(queries, keys, width);
            var q = memory.Queries(x, pitch);
            var k = memory.Keys(y, pitch, scores: true, mixed: false);
            fixed (float* to = actual) AttentionProduct<float>.Scores(q, k, 0.3f, accumulate, to, MapPitch(keys));
            SameRows(actual, expected, queries, keys, MapPitch(keys));
        }
    }

    [Test]
    public void Mixing_is_a_general_product([ValueSource(nameof(Sizes))] int[] size, [Values] bool accumulate)
    {
        var (queries, keys, width, pitch) = (size[0], size[1], size[2], size[3]);
        fixed (float* map = Values(queries * MapPitch(keys), 1), x = Values(keys * pitch, 2))
        {
            var expected = Values(queries * pitch, 3);
            var actual = (float[])expected.Clone();
            fixed (float* to = expected) Gemm<float>.Run(new GemmProblem<float>
            {
                A = map,
                RowA = MapPitch(keys),
                ColA = 1,
                B = x,
                RowB = pitch,
                ColB = 1,
                C = to,
                Ldc = pitch,
                M = queries,
                N = width,
                K = keys,
                Alpha = 0.3f,
                Accumulate = accumulate,
            });
            using var memory = new Copies(queries, keys, width);
            var k = memory.Keys(x, pitch, scores: false, mixed: true);
            fixed (float* to = actual)
                AttentionProduct<float>.Mix(map, MapPitch(keys), queries, k, 0.3f, accumulate, to, pitch);
            Assert.That(actual.AsSpan().SequenceEqual(expected), "also what lies between the rows");
        }
    }

    [Test]
    public void Mixing_by_the_transposed_map_is_a_general_product(
        [ValueSource(nameof(Sizes))] int[] size, [Values] bool accumulate)
    {
        var (queries, keys, width, pitch) = (size[0], size[1], size[2], size[3]);
        fixed (float* map = Values(queries * MapPitch(keys), 1), x = Values(queries * pitch, 2))
        {
            var expected = Values(keys * pitch, 3);
            var actual = (float[])expected.Clone();
            fixed (float* to = expected) Gemm<float>.Run(new GemmProblem<float>
            {
                A = map,
                RowA = 1,
                ColA = MapPitch(keys),
                B = x,
                RowB = pitch,
                ColB = 1,
                C = to,
                Ldc = pitch,
                M = keys,
                N = width,
                K = queries,
                Alpha = 0.3f,
                Accumulate = accumulate,
            });
            using var memory = new Copies(queries, keys, width);
            var q = memory.Queries(x, pitch);
            fixed (float* to = actual)
                AttentionProduct<float>.MixTransposed(map, MapPitch(keys), keys, q, 0.3f, accumulate, to, pitch);
            Assert.That(actual.AsSpan().SequenceEqual(expected), "also what lies between the rows");
        }
    }

    [Test]
    public void Blocks_cover_all_rows_once([Values(0, 1, 112, 113, 257, 577)] int rows)
    {
        var blocks = EvenBlocks.AtMost(rows, 112);
        Assert.That(blocks.Start(0), Is.Zero);
        Assert.That(blocks.Start(blocks.Count), Is.EqualTo(rows));
        var sizes = Enumerable.Range(0, blocks.Count).Select(blocks.Size).ToArray();
        Assert.That(sizes.Max(), Is.EqualTo(blocks.Largest).And.LessThanOrEqualTo(112));
        Assert.That(sizes.Max() - sizes.Min(), Is.LessThanOrEqualTo(1));
    }

    // Memory for the copies of both sides, as attention takes it from the thread's scratch.
    private sealed class Copies(int queries, int keys, int width) : IDisposable
    {
        private readonly int _queries = queries, _keys = keys, _width = width;
        private readonly float* _memory = (float*)NativeMemory.AlignedAlloc(sizeof(float) * (nuint)(
            AttentionProduct<float>.KeyCopies(keys, width) + AttentionProduct<float>.QueryCopy(queries, width)), 64);

        public HeadMatrix<float> Keys(float* rows, int pitch, bool scores, bool mixed)
        {
            var matrix = new HeadMatrix<float> { Rows = rows, Pitch = pitch, Count = _keys, Width = _width };
            var room = new CopyRoom<float>(_memory + AttentionProduct<float>.QueryCopy(_queries, _width));
            AttentionProduct<float>.CopyKeys(ref matrix, scores, mixed, _queries, _queries, ref room);
            return matrix;
        }

        public HeadMatrix<float> Queries(float* rows, int pitch)
        {
            var matrix = new HeadMatrix<float> { Rows = rows, Pitch = pitch, Count = _queries, Width = _width };
            var room = new CopyRoom<float>(_memory);
            AttentionProduct<float>.CopyQueries(ref matrix, ref room);
            return matrix;
        }

        public void Dispose() => NativeMemory.AlignedFree(_memory);
    }

    // Of a map: whole lines, an odd number of them.
    private static int MapPitch(int keys) => ((keys + 15) / 16 | 1) * 16;

    private static float[] Values(int count, int seed) =>
        Array.ConvertAll(KernelHost.Random(count, seed), v => (float)v);

    private static void SameRows(float[] actual, float[] expected, int rows, int columns, int pitch)
    {
        for (var i = 0; i < rows; i++)
            Assert.That(actual.AsSpan(i * pitch, columns).SequenceEqual(expected.AsSpan(i * pitch, columns)),
                $"row {i} of {rows}");
    }
}
