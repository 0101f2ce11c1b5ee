using AmcEngine.Files.Pickle;
using AmcEngine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Serialization;

/// <summary>
/// Pickles that are hostile or damaged: each must end in the one exception, soon and in little memory.
/// </summary>
[TestFixture]
public sealed class PickleReaderTests
{
    [Test]
    public void Broken_pickles_are_named()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Error(new PickleBuilder().Unfinished()), Does.Contain("ends early"));
            Assert.That(Error(new PickleBuilder().Stop()), Does.Contain("stack is empty"));
            Assert.That(Error(new PickleBuilder().Op('(').Op('(').Op('0').Op('0').Op('0').Stop()),
                Does.Contain("stack is empty"));
            Assert.That(Error(new PickleBuilder().Op('t').Stop()), Does.Contain("no mark"));
            Assert.That(Error(new PickleBuilder().Op('N').Op('(').Op(0x85).Stop()), Does.Contain("stack is empty"),
                "below a mark");
            Assert.That(Error(new PickleBuilder().Op('h', 7).Stop()), Does.Contain("memo entry 7"));
            Assert.That(Error(new PickleBuilder().Op(0xff).Stop()), Does.Contain("opcode 0xff"));
            Assert.That(Error([0x80, 9, (byte)'N', (byte)'.']), Does.Contain("protocol 9"));
            Assert.That(Error(new PickleBuilder().Op('N').Op('N').Op('a').Stop()), Does.Contain("not a list"));
            Assert.That(Error(new PickleBuilder().Op('N').Op('N').Op('N').Op('s').Stop()), Does.Contain("not a dict"));
            Assert.That(
                Error(new PickleBuilder().Op('}').Op('(').Op('N').Op('u').Stop()), Does.Contain("not a dict"), "odd");
            Assert.That(Error(new PickleBuilder().Op('}').Text(new string('k', 1025)).Op('N').Op('s').Stop()),
                Does.Contain("dict key"));
            Assert.That(Error(new PickleBuilder().Op('(').Op('o').Stop()), Does.Contain("without a class"));
            Assert.That(Error(new PickleBuilder().Op('N').Op(')').Op('R').Stop()), Does.Contain("not a function"));
            Assert.That(Error(new PickleBuilder().Op(')').Op('Q').Stop()), Does.Contain("no storage"));
            Assert.That(Error(new PickleBuilder().Op('N').Op('N').Op('b').Stop()), Does.Contain("state"));
        });
    }

    [TestCase((byte)'X')]
    [TestCase((byte)'B')]
    [TestCase((byte)'T')]
    [TestCase((byte)0x8b)]
    public void Announced_lengths_reserve_no_memory(byte op)
    {
        var pickle = new PickleBuilder().Op(op, 255, 255, 255, 127);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(Error(pickle.Stop()), Is.Not.Empty);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void Deep_nesting_and_self_reference_need_no_recursion()
    {
        var deep = new PickleBuilder().Op(']');
        for (var i = 0; i < 200_000; i++) deep.Op(0x85);
        Assert.That(Read(deep.Stop()), Is.TypeOf<object?[]>());

        var cyclic = (List<object?>)Read(new PickleBuilder().Op(']').Op('q', 0).Op('h', 0).Op('a').Stop())!;
        Assert.That(ReferenceEquals(cyclic[0], cyclic));
    }

    [Test]
    public void A_memo_bomb_stays_as_small_as_its_file()
    {
        // Each level holds the level below ten times: 10^100 items if anybody expanded it, 1,000 references here.
        var bomb = new PickleBuilder().Op(']').Op('q', 0);
        for (byte level = 0; level < 100; level++)
        {
            bomb.Op('(');
            for (var i = 0; i < 10; i++) bomb.Op('h', level);
            bomb.Op('l').Op('q', (byte)(level + 1));
        }
        Assert.That(Read(bomb.Stop()), Has.Count.EqualTo(10));
    }

    [Test]
    public void Copying_one_long_list_again_and_again_is_stopped()
    {
        var pickle = new PickleBuilder().Op('(');
        for (var i = 0; i < 10_000; i++) pickle.Op('N');
        pickle.Op('l').Op(0x85).Op('q', 0).Op('0').Global("builtins", "list").Op('q', 1);
        for (var i = 0; i < 1_000; i++) pickle.Op('h', 1).Op('h', 0).Op('R');
        Assert.That(Error(pickle.Stop()), Does.Contain("copies more than"));
    }

    [Test]
    public void Endless_steps_are_stopped()
    {
        var pickle = new byte[4_100_000];
        Array.Fill(pickle, (byte)')');
        Assert.That(Error(pickle), Does.Contain("more than 4000000 steps"));
    }

    [Test]
    public void Old_text_opcodes_are_understood()
    {
        byte[] pickle = [.. "(I01\nI7\nL123L\nF2.5\nNp5\ng5\nl."u8];
        Assert.That(Read(pickle), Is.EqualTo(new object?[] { true, 7L, 123L, 2.5, null, null }));
        Assert.That(Error([.. "Ix\n."u8]), Does.Contain("a number that is none"));
        Assert.That(Error([.. "gx\n."u8]), Does.Contain("index that is none"));
    }

    [Test]
    public void Protocols_four_and_five_are_understood()
    {
        byte[] pickle = [0x80, 5, 0x95, 9, 0, 0, 0, 0, 0, 0, 0, (byte)'}', 0x94, 0x8c, 1, (byte)'k', 0x94, 0x8f,
            (byte)'(', (byte)'K', 3, 0x90, (byte)'s', (byte)'.'];
        var dictionary = (OrderedDictionary<object, object?>)Read(pickle)!;
        Assert.That(dictionary["k"], Is.EqualTo(new object?[] { 3L }));
    }

    private static object? Read(byte[] pickle)
    {
        var input = TorchPickle.Open("file.pth", new MemorySource(pickle));
        var storages = new TorchStorages(input);
        return new PickleReader(input, new TorchGlobals(input).Resolve, storages.Load).Read();
    }

    private static string Error(byte[] pickle) => Assert.Throws<SerializationException>(() => Read(pickle))!.Message;
}
