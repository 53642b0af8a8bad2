using System.Reflection;

namespace RegistryProxy.Tests.Architecture;

/// <summary>
/// Names that stand in storage keys, in the associated data of encrypted records and on the wire between versions: stated, not derived from
/// class names, so that a renamed class finds its state.
/// </summary>
public sealed class WireNameTests
{
    private static readonly Assembly[] Product =
        [Assembly.Load("RegistryProxy.Grains.Interfaces"), Assembly.Load("RegistryProxy.Grains"), Assembly.Load("RegistryProxy.Silo")];

    private static readonly string[] GrainTypes =
    [
        "attestation", "audittail", "cache", "configurationpart", "devicelogin", "entrance", "fetch", "keyring", "limitshares", "login", "managednews", "managedpart", "managedsync", "nonce", "operations", "partsync", "peoplelogin",
        "referrers", "revision", "revisionaccept", "revisionsync", "robotrelay", "robots",
        "session", "silofile", "silopass", "snapshot", "tenantadministration", "tenantreport", "tenantsessions", "upstreamaccount", "upstreamcredential", "upstreamprincipal", "upstreamtoken",
        "writeshard",
    ];

    private static IEnumerable<Type> Types => Product.SelectMany(assembly => assembly.GetTypes())
        .Where(type => type.Namespace?.StartsWith("RegistryProxy", StringComparison.Ordinal) == true);

    [Fact]
    public void Every_grain_states_its_type() => Assert.Equal(
        GrainTypes,
        Types.Where(type => typeof(Grain).IsAssignableFrom(type) && !type.IsAbstract)
            .Select(type => type.GetCustomAttribute<GrainTypeAttribute>()?.GetGrainType(null!, type).ToString()
                ?? $"{type.Name} has no [GrainType]")
            .Order(StringComparer.Ordinal));

    [Fact]
    public void Every_grain_interface_and_its_methods_have_an_alias()
    {
        var interfaces = Types.Where(type => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type)).ToList();
        Assert.NotEmpty(interfaces);
        Assert.Equal([], interfaces.Where(type => type.GetCustomAttribute<AliasAttribute>() is null).Select(type => type.Name));
        Assert.Equal([], interfaces.SelectMany(type => type.GetMethods())
            .Where(method => method.GetCustomAttribute<AliasAttribute>() is null)
            .Select(method => $"{method.DeclaringType!.Name}.{method.Name}"));
    }

    [Fact]
    public void Every_message_has_an_alias_of_its_own()
    {
        var messages = Types.Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>() is not null).ToList();
        Assert.NotEmpty(messages);
        Assert.Equal([], messages.Where(type => type.GetCustomAttribute<AliasAttribute>(inherit: false) is null).Select(type => type.Name));
        Assert.Equal([], messages.GroupBy(type => type.GetCustomAttribute<AliasAttribute>(inherit: false)!.Alias)
            .Where(group => group.Count() > 1).Select(group => group.Key));
    }
}
