namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// Up to eight tasks of one launch: what a kernel does for many small tensors it does for a batch of them, since a
/// launch costs as much as a small tensor. Items are numbered through all tasks; a lane finds its task by seven
/// comparisons.
/// </summary>
/// <typeparam name="S">Views of one task.</typeparam>
internal struct Batch<S> where S : struct
{
    /// <summary>Most tasks.</summary>
    public const int Size = 8;

    public S Slot0;
    public S Slot1;
    public S Slot2;
    public S Slot3;
    public S Slot4;
    public S Slot5;
    public S Slot6;
    public S Slot7;

    /// <summary>Where the items of the tasks begin (those of the first begin at 0).</summary>
    public int From1;
    public int From2;
    public int From3;
    public int From4;
    public int From5;
    public int From6;
    public int From7;

    /// <summary>Number of items.</summary>
    public int End;

    /// <summary>Tasks so far.</summary>
    public int Tasks;

    /// <summary>Adds a task on the host; false where the batch is full.</summary>
    public bool Add(in S slot, int items)
    {
        if (Tasks == Size || (Tasks > 0 && End > int.MaxValue / 2 - items)) return false;
        // Tasks that are not there begin where no item is.
        if (Tasks == 0) From1 = From2 = From3 = From4 = From5 = From6 = From7 = int.MaxValue;
        switch (Tasks++)
        {
            case 0: Slot0 = slot; break;
            case 1: (Slot1, From1) = (slot, End); break;
            case 2: (Slot2, From2) = (slot, End); break;
            case 3: (Slot3, From3) = (slot, End); break;
            case 4: (Slot4, From4) = (slot, End); break;
            case 5: (Slot5, From5) = (slot, End); break;
            case 6: (Slot6, From6) = (slot, End); break;
            default: (Slot7, From7) = (slot, End); break;
        }
        End += items;
        return true;
    }

    /// <summary>The task of an item, in a kernel, and the item's number within it.</summary>
    public static S Find(Batch<S> batch, int item, out int at)
    {
        var slot = batch.Slot0;
        var from = 0;
        if (item >= batch.From1)
        {
            slot = batch.Slot1;
            from = batch.From1;
        }
        if (item >= batch.From2)
        {
            slot = batch.Slot2;
            from = batch.From2;
        }
        if (item >= batch.From3)
        {
            slot = batch.Slot3;
            from = batch.From3;
        }
        if (item >= batch.From4)
        {
            slot = batch.Slot4;
            from = batch.From4;
        }
        if (item >= batch.From5)
        {
            slot = batch.Slot5;
            from = batch.From5;
        }
        if (item >= batch.From6)
        {
            slot = batch.Slot6;
            from = batch.From6;
        }
        if (item >= batch.From7)
        {
            slot = batch.Slot7;
            from = batch.From7;
        }
        at = item - from;
        return slot;
    }
}
