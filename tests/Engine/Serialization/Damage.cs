using System.Diagnostics;
using AmcEngine.Serialization;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>
/// Damages files and holds that readers answer with the one exception they may throw, fast and in little memory.
/// </summary>
internal static class Damage
{
    /// <summary>
    /// Runs a property on generated seeds and counts; always the same ones, so that a failure repeats.
    /// </summary>
    public static void ForManySeeds(Action<int, byte> property) => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300).WithReplay(1234567, 8901235), Prop.ForAll(property));

    public static void Flip(byte[] bytes, int seed, int flips)
    {
        var random = new Random(seed);
        for (var i = 0; i < flips; i++) bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);
    }

    public static void AssertOnlySerializationException(string file, Action<string> read)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var clock = Stopwatch.StartNew();
        try
        {
            read(file);
        }
        catch (SerializationException e)
        {
            Assert.That(e.Message, Does.StartWith(file).And.Not.Contains("\n"));
        }
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(64L << 20), "memory");
        // A damaged count that is believed runs for hours; a minute is no measure of speed, whatever else the machine
        // does.
        Assert.That(clock.Elapsed < TimeSpan.FromMinutes(1), Is.True, $"{clock.Elapsed.TotalSeconds:0} s");
    }
}
