using System.Reflection;
using System.Reflection.Emit;

namespace RegistryProxy.Tests.Profile;

/// <summary>
/// Methods as crossgen2 takes them with <c>--mibc</c>, to compile these too: a library with one method for each set of assemblies that a
/// method's type and type arguments are of, which loads their tokens, and a directory of these (dotnet/runtime, MIbcProfileParser.cs).
/// </summary>
internal sealed class MethodProfile
{
    private const MethodAttributes Global = MethodAttributes.Public | MethodAttributes.Static;

    private readonly PersistedAssemblyBuilder _assembly = new(new AssemblyName("profile"), typeof(object).Assembly);
    private readonly ModuleBuilder _module;
    private readonly SortedDictionary<string, MethodBuilder> _groups = new(StringComparer.Ordinal);

    public MethodProfile() => _module = _assembly.DefineDynamicModule("profile");

    /// <summary>Adds the method of a <see cref="RuntimeMethodHandle"/>, if it is one of a library.</summary>
    public void Add(nint handle)
    {
        if (Resolve(handle) is not { DeclaringType: not null } method || method.Module.Assembly.IsDynamic)
        {
            return;
        }

        var names = Types(method).Select(type => type.Assembly.GetName().Name).Distinct().Order(StringComparer.Ordinal);
        var group = string.Join(';', names) + ';';
        if (!_groups.TryGetValue(group, out var tokens))
        {
            _groups[group] = tokens = Method($"Group{_groups.Count}");
        }

        Load(tokens.GetILGenerator(), method is ConstructorInfo made
            ? _module.GetMethodMetadataToken(made) : _module.GetMethodMetadataToken((MethodInfo)method));
    }

    public void Save(string file)
    {
        var directory = Method("AssemblyDictionary").GetILGenerator();
        foreach (var (group, tokens) in _groups)
        {
            tokens.GetILGenerator().Emit(OpCodes.Ret);
            directory.Emit(OpCodes.Ldstr, group);
            Load(directory, _module.GetMethodMetadataToken(tokens));
        }

        directory.Emit(OpCodes.Ret);
        _module.CreateGlobalFunctions();
        _assembly.Save(file);
    }

    private MethodBuilder Method(string name) => _module.DefineGlobalMethod(name, Global, typeof(void), []);

    private static void Load(ILGenerator code, int token)
    {
        code.Emit(OpCodes.Ldtoken, token);
        code.Emit(OpCodes.Pop);
    }

    /// <summary>What is public asks for the declaring type too, which an event does not have.</summary>
    private static MethodBase? Resolve(nint handle)
    {
        const BindingFlags hidden = BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
        var method = typeof(RuntimeMethodHandle).GetMethod("GetMethodInfo", hidden)!.Invoke(RuntimeMethodHandle.FromIntPtr(handle), null);
        var resolve = typeof(object).Assembly.GetType("System.RuntimeType")!.GetMethods(hidden)
            .Single(one => one.Name == "GetMethodBase" && one.GetParameters().Length == 1);
        return (MethodBase?)resolve.Invoke(null, [method]);
    }

    /// <summary>Without the one that stands for any class in shared code.</summary>
    private static IEnumerable<Type> Types(MethodBase method) =>
        Types(method.DeclaringType!).Concat(method.IsGenericMethod ? method.GetGenericArguments().SelectMany(Types) : [])
            .Where(type => type.FullName != "System.__Canon");

    private static IEnumerable<Type> Types(Type type) => type.HasElementType ? Types(type.GetElementType()!)
        : type.IsGenericType ? type.GetGenericArguments().SelectMany(Types).Prepend(type) : [type];
}
