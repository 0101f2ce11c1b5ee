using System.Collections.Immutable;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace AmcEngine.Tests.Architecture;

/// <summary>
/// What the types of a built assembly use, and in which source files they stand. Read from the metadata, method bodies
/// included, and from the portable symbols beside the assembly. Types within types count as the outermost one. What the
/// compiler has resolved for good is not seen: constants, names by <c>nameof</c>, and types that only comments name.
/// </summary>
internal sealed class CompiledAssembly : IDisposable
{
    // The documents of a type without method bodies, such as an interface (portable PDBs: Type Definition Documents).
    private static readonly Guid TypeDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    private static readonly Dictionary<int, OpCode> OpCodesByValue =
        typeof(OpCodes).GetFields().Select(f => (OpCode)f.GetValue(null)!).ToDictionary(c => (int)(ushort)c.Value);

    private readonly PEReader _file;
    private readonly MetadataReader _code;
    private readonly MetadataReaderProvider _symbolFile;
    private readonly MetadataReader _symbols;

    /// <summary>Opens an assembly and its symbols.</summary>
    /// <param name="path">The assembly.</param>
    /// <exception cref="FileNotFoundException">There are no symbols of this very build beside it.</exception>
    public CompiledAssembly(string path)
    {
        _file = new PEReader(File.OpenRead(path));
        _code = _file.GetMetadataReader();
        Stream? Open(string symbolPath) => File.Exists(symbolPath) ? File.OpenRead(symbolPath) : null;
        if (!_file.TryOpenAssociatedPortablePdb(path, Open, out var symbols, out _))
            throw new FileNotFoundException($"{path}: its symbols (.pdb) are missing or of another build");
        _symbolFile = symbols!;
        _symbols = _symbolFile.GetMetadataReader();
    }

    /// <summary>Each type with the source files that it is written in, without files that the compiler makes.</summary>
    /// <param name="root">The repository's root.</param>
    public IEnumerable<(string Type, string File)> Sources(string root)
    {
        foreach (var handle in _code.TypeDefinitions)
        {
            var ofMethods = _code.GetTypeDefinition(handle).GetMethods().SelectMany(DocumentsOf);
            foreach (var document in ofMethods.Concat(DocumentsOf(handle)).Distinct())
            {
                var path = _symbols.GetString(_symbols.GetDocument(document).Name);
                var file = Path.GetRelativePath(root, path).Replace('\\', '/');
                if (file.StartsWith("../", StringComparison.Ordinal)
                    || file.Contains("/obj/", StringComparison.Ordinal))
                    continue;
                yield return (NameOf(handle), file);
            }
        }
    }

    /// <summary>Each type with the types that it uses, those of other assemblies included.</summary>
    public IEnumerable<(string Type, string Used)> Uses()
    {
        foreach (var handle in _code.TypeDefinitions)
        {
            var used = new UsedTypes(this);
            used.AddType(_code.GetTypeDefinition(handle));
            foreach (var name in used.Names)
                yield return (NameOf(handle), name);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _symbolFile.Dispose();
        _file.Dispose();
    }

    private IEnumerable<DocumentHandle> DocumentsOf(MethodDefinitionHandle method) =>
        _symbols.GetMethodDebugInformation(method).GetSequencePoints().Select(p => p.Document);

    private List<DocumentHandle> DocumentsOf(TypeDefinitionHandle type)
    {
        var documents = new List<DocumentHandle>();
        foreach (var handle in _symbols.GetCustomDebugInformation(type))
        {
            var information = _symbols.GetCustomDebugInformation(handle);
            if (_symbols.GetGuid(information.Kind) != TypeDocuments) continue;
            var blob = _symbols.GetBlobReader(information.Value);
            while (blob.RemainingBytes > 0) documents.Add(MetadataTokens.DocumentHandle(blob.ReadCompressedInteger()));
        }
        return documents;
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = _code.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil) type = _code.GetTypeDefinition(type.GetDeclaringType());
        return Name(type.Namespace, type.Name);
    }

    private string NameOf(TypeReferenceHandle handle)
    {
        var type = _code.GetTypeReference(handle);
        while (type.ResolutionScope.Kind == HandleKind.TypeReference)
            type = _code.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
        return Name(type.Namespace, type.Name);
    }

    private string Name(StringHandle space, StringHandle name) => $"{_code.GetString(space)}.{_code.GetString(name)}";

    /// <summary>Collects the types that a type's metadata and code name; the decoder of signatures calls it.</summary>
    private sealed class UsedTypes(CompiledAssembly assembly) : ISignatureTypeProvider<int, int>
    {
        private readonly MetadataReader _code = assembly._code;

        public HashSet<string> Names { get; } = new(StringComparer.Ordinal);

        public void AddType(TypeDefinition type)
        {
            Add(type.BaseType);
            foreach (var i in type.GetInterfaceImplementations()) Add(_code.GetInterfaceImplementation(i).Interface);
            AddAttributes(type.GetCustomAttributes());
            AddConstraints(type.GetGenericParameters());
            foreach (var field in type.GetFields().Select(_code.GetFieldDefinition))
            {
                field.DecodeSignature(this, 0);
                AddAttributes(field.GetCustomAttributes());
            }
            foreach (var property in type.GetProperties().Select(_code.GetPropertyDefinition))
                AddAttributes(property.GetCustomAttributes());
            foreach (var method in type.GetMethods().Select(_code.GetMethodDefinition))
            {
                method.DecodeSignature(this, 0);
                AddAttributes(method.GetCustomAttributes());
                AddConstraints(method.GetGenericParameters());
                if (method.RelativeVirtualAddress != 0)
                    AddBody(assembly._file.GetMethodBody(method.RelativeVirtualAddress));
            }
        }

        private void AddAttributes(CustomAttributeHandleCollection attributes)
        {
            foreach (var attribute in attributes) Add(_code.GetCustomAttribute(attribute).Constructor);
        }

        private void AddConstraints(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(p => _code.GetGenericParameter(p).GetConstraints()))
                Add(_code.GetGenericParameterConstraint(constraint).Type);
        }

        private void AddBody(MethodBodyBlock body)
        {
            if (!body.LocalSignature.IsNil)
                _code.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(this, 0);
            foreach (var region in body.ExceptionRegions) Add(region.CatchType);
            var il = body.GetILReader();
            while (il.RemainingBytes > 0)
            {
                int value = il.ReadByte();
                var code = OpCodesByValue[value == 0xFE ? 0xFE00 | il.ReadByte() : value];
                switch (code.OperandType)
                {
                    case OperandType.InlineField:
                    case OperandType.InlineMethod:
                    case OperandType.InlineType:
                    case OperandType.InlineTok:
                        Add(MetadataTokens.EntityHandle(il.ReadInt32()));
                        break;
                    case OperandType.InlineSwitch:
                        var targets = il.ReadInt32();
                        il.Offset += sizeof(int) * targets;
                        break;
                    default:
                        il.Offset += Size(code.OperandType);
                        break;
                }
            }
        }

        private static int Size(OperandType operand) => operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            _ => 4,
        };

        private void Add(EntityHandle handle)
        {
            if (handle.IsNil) return;
            switch (handle.Kind)
            {
                case HandleKind.TypeDefinition:
                    Names.Add(assembly.NameOf((TypeDefinitionHandle)handle));
                    break;
                case HandleKind.TypeReference:
                    Names.Add(assembly.NameOf((TypeReferenceHandle)handle));
                    break;
                case HandleKind.TypeSpecification:
                    _code.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, 0);
                    break;
                case HandleKind.FieldDefinition:
                    Add(_code.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MethodDefinition:
                    Add(_code.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                    break;
                case HandleKind.MemberReference:
                    Add(_code.GetMemberReference((MemberReferenceHandle)handle).Parent);
                    break;
                case HandleKind.MethodSpecification:
                    var method = _code.GetMethodSpecification((MethodSpecificationHandle)handle);
                    Add(method.Method);
                    method.DecodeSignature(this, 0);
                    break;
            }
        }

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return 0;
        }

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return 0;
        }

        public int GetTypeFromSpecification(
            MetadataReader reader, int context, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            Add(handle);
            return 0;
        }

        // The parts of a composed type have been named already.
        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(int context, int index) => 0;

        public int GetGenericTypeParameter(int context, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;
    }
}
