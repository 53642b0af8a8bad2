using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace RegistryProxy.Tests.Architecture;

/// <summary>Which types of one assembly refer to which others, read from its metadata and from the code of its methods.</summary>
internal sealed class TypeReferences
{
    private static readonly Dictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    private readonly MetadataReader _reader;
    private readonly PEReader _file;
    private readonly HashSet<(string From, string To)> _edges = [];
    private readonly HashSet<(string From, string To)> _outside = [];

    private TypeReferences(PEReader file) => (_file, _reader) = (file, file.GetMetadataReader());

    /// <summary>
    /// Pairs of types of an assembly, by their full names, the first of which refers to the second. A nested type is its outer one.
    /// </summary>
    public static IReadOnlySet<(string From, string To)> Of(Assembly assembly) => Read(assembly)._edges;

    /// <summary>The same, and with types of other assemblies as the second.</summary>
    public static IEnumerable<(string From, string To)> Everywhere(Assembly assembly)
    {
        var read = Read(assembly);
        return read._edges.Concat(read._outside);
    }

    private static TypeReferences Read(Assembly assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly.Location));
        var references = new TypeReferences(file);
        foreach (var handle in references._reader.TypeDefinitions)
        {
            references.Read(handle);
        }

        return references;
    }

    private void Read(TypeDefinitionHandle handle)
    {
        var type = _reader.GetTypeDefinition(handle);
        var from = NameOf(handle);
        void Add(EntityHandle target) => AddTo(from, target);
        Add(type.BaseType);
        foreach (var implemented in type.GetInterfaceImplementations())
        {
            Add(_reader.GetInterfaceImplementation(implemented).Interface);
        }

        var decoder = new Signatures(this, from);
        foreach (var field in type.GetFields())
        {
            _reader.GetFieldDefinition(field).DecodeSignature(decoder, null);
        }

        foreach (var attribute in type.GetCustomAttributes())
        {
            Add(_reader.GetCustomAttribute(attribute).Constructor);
        }

        foreach (var method in type.GetMethods().Select(_reader.GetMethodDefinition))
        {
            method.DecodeSignature(decoder, null);
            if (method.RelativeVirtualAddress != 0)
            {
                ReadCode(_file.GetMethodBody(method.RelativeVirtualAddress), from, decoder);
            }
        }
    }

    private void ReadCode(MethodBodyBlock body, string from, Signatures decoder)
    {
        if (!body.LocalSignature.IsNil)
        {
            _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(decoder, null);
        }

        foreach (var region in body.ExceptionRegions.Where(region => region.Kind == ExceptionRegionKind.Catch))
        {
            AddTo(from, region.CatchType);
        }

        for (var code = body.GetILReader(); code.RemainingBytes > 0;)
        {
            var first = code.ReadByte();
            var instruction = Codes[first == 0xFE ? (short)(0xFE00 | code.ReadByte()) : first];
            switch (instruction.OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    AddTo(from, MetadataTokens.EntityHandle(code.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var cases = code.ReadInt32();
                    code.Offset += 4 * cases;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    code.Offset += 8;
                    break;
                case OperandType.InlineI or OperandType.InlineBrTarget or OperandType.InlineString or OperandType.InlineSig
                    or OperandType.ShortInlineR:
                    code.Offset += 4;
                    break;
                case OperandType.InlineVar:
                    code.Offset += 2;
                    break;
                case OperandType.ShortInlineI or OperandType.ShortInlineVar or OperandType.ShortInlineBrTarget:
                    code.Offset += 1;
                    break;
            }
        }
    }

    private void AddTo(string from, EntityHandle target)
    {
        if (target.IsNil)
        {
            return;
        }

        var decoder = new Signatures(this, from);
        switch (target.Kind)
        {
            case HandleKind.TypeDefinition:
                _edges.Add((from, NameOf((TypeDefinitionHandle)target)));
                break;
            case HandleKind.TypeReference:
                _outside.Add((from, NameOf((TypeReferenceHandle)target)));
                break;
            case HandleKind.TypeSpecification:
                _reader.GetTypeSpecification((TypeSpecificationHandle)target).DecodeSignature(decoder, null);
                break;
            case HandleKind.MethodDefinition:
                AddTo(from, _reader.GetMethodDefinition((MethodDefinitionHandle)target).GetDeclaringType());
                break;
            case HandleKind.FieldDefinition:
                AddTo(from, _reader.GetFieldDefinition((FieldDefinitionHandle)target).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                AddTo(from, _reader.GetMemberReference((MemberReferenceHandle)target).Parent);
                break;
            case HandleKind.MethodSpecification:
                var method = _reader.GetMethodSpecification((MethodSpecificationHandle)target);
                method.DecodeSignature(decoder, null);
                AddTo(from, method.Method);
                break;
        }
    }

    private string NameOf(TypeDefinitionHandle handle)
    {
        var type = _reader.GetTypeDefinition(handle);
        return type.GetDeclaringType() is { IsNil: false } outer ? NameOf(outer)
            : $"{_reader.GetString(type.Namespace)}.{_reader.GetString(type.Name).Split('`')[0]}";
    }

    private string NameOf(TypeReferenceHandle handle)
    {
        var type = _reader.GetTypeReference(handle);
        return type.ResolutionScope is { IsNil: false, Kind: HandleKind.TypeReference } outer ? NameOf((TypeReferenceHandle)outer)
            : $"{_reader.GetString(type.Namespace)}.{_reader.GetString(type.Name).Split('`')[0]}";
    }

    /// <summary>Notes the types of a signature.</summary>
    private sealed class Signatures(TypeReferences references, string from) : ISignatureTypeProvider<int, object?>
    {
        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind)
        {
            references.AddTo(from, handle);
            return 0;
        }

        public int GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind)
        {
            references.AddTo(from, handle);
            return 0;
        }

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            references.AddTo(from, handle);
            return 0;
        }

        public int GetArrayType(int elementType, ArrayShape shape) => 0;

        public int GetByReferenceType(int elementType) => 0;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 0;

        public int GetGenericInstantiation(int genericType, System.Collections.Immutable.ImmutableArray<int> typeArguments) => 0;

        public int GetGenericMethodParameter(object? context, int index) => 0;

        public int GetGenericTypeParameter(object? context, int index) => 0;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => 0;

        public int GetPinnedType(int elementType) => 0;

        public int GetPointerType(int elementType) => 0;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => 0;

        public int GetSZArrayType(int elementType) => 0;
    }
}
