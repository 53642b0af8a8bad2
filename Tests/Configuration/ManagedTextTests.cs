using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;
using RegistryProxy.Configuration.Reload;
using RegistryProxy.Protocol;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Configuration;

/// <summary>What the state says of a managed tenant is in use where it can be read and is the tenant's.</summary>
public sealed class ManagedTextTests : IDisposable
{
    private const string Good = """
        authenticators: [corp]
        routes: [ { prefix: "", upstream: hub } ]
        access: [ { name: all, who: ["authenticator:corp"], repositories: ["**"], actions: [pull] } ]
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void A_part_of_somebody_who_had_the_name_before_is_not_used_and_its_last_good_text_neither()
    {
        using var watcher = Watch();
        var (owner, other) = (new PartOwner(["a.example"], []), new PartOwner(["old.example"], ["user:corp/eve"]));
        foreach (var (whose, isOurs) in new[]
        {
            (owner, true), (other, false), (null, true), (other, false), (other with { Administrators = ["user:corp/alice"] }, true),
        })
        {
            watcher.Managed.Take([new("acme", new Secret(Good)) { Owner = whose }]);
            Assert.Equal(!isOurs, watcher.Current.Configuration.Tenants["acme"].IsUnusable);
            Assert.Equal(isOurs ? [] : new[] { false }, watcher.LastFaults.Select(fault => fault.IsKept));
            Assert.False(watcher.Current.Configuration.Tenants["other"].IsUnusable);
        }
    }

    [Fact]
    public void A_part_that_cannot_be_read_is_a_fault_of_its_tenant_and_leaves_the_last_good_text_in_use()
    {
        using var watcher = Watch();
        var broken = new ManagedText("acme", null) { Problem = "the part in the state cannot be read: it was changed" };
        foreach (var (read, isUsable) in new[]
        {
            (broken, false), (new ManagedText("acme", new Secret(Good)), true), (broken, true), (new ManagedText("acme", null), true),
            (broken, false),
        })
        {
            watcher.Managed.Take([read]);
            Assert.Equal(!isUsable, watcher.Current.Configuration.Tenants["acme"].IsUnusable);
            Assert.Equal(read == broken ? [isUsable] : Array.Empty<bool>(), watcher.LastFaults.Select(fault => fault.IsKept));
            Assert.Equal(read == broken ? 1 : 0, watcher.LastErrors.Count(error => error.Message == broken.Problem));
        }
    }

    public void Dispose() => _folder.Dispose();

    private ConfigurationWatcher Watch()
    {
        _folder.Write("htpasswd", "alice:$2y$04$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW\n");
        var files = new ConfigurationFiles(_folder.Write("config.yaml", """
            upstreams: { hub: { url: "https://hub.example" } }
            authenticators: { corp: { type: htpasswd, file: htpasswd } }
            tenants:
              acme:
                hosts: [a.example]
                mayUse: { upstreams: [hub], authenticators: [corp] }
                administrators: ["user:corp/alice"]
                managed: true
              other: { hosts: [o.example], routes: [ { prefix: "", upstream: hub } ] }
            """));
        return new ConfigurationWatcher(files, files.Read(), TimeProvider.System);
    }
}
