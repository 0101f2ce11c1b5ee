namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>Four neighbours, loaded and stored together: 16 bytes of f32, which one instruction moves.</summary>
internal struct Quad<E> where E : unmanaged
{
    public E X;
    public E Y;
    public E Z;
    public E W;
}
