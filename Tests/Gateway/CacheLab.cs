using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Tests.Support.Images;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Gateway;

/// <summary>The files of a cache without a gateway around them.</summary>
internal sealed class CacheLab : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly TemporaryFolder _folder = new();
    private readonly List<DiskStore> _stores = [];

    /// <summary>Where everything comes from.</summary>
    public static Upstream Hub { get; } = new(new UpstreamSnapshot { Name = "hub", Url = new Uri("https://hub.example") }, []);

    public string Folder => _folder.File("cache");

    public CacheMeter Meter { get; }

    public CacheLab() => Meter = new CacheMeter(_services.GetRequiredService<IMeterFactory>());

    /// <summary>Opens it, as a process that starts does.</summary>
    public DiskStore Open(TimeProvider time, long maxBytes = 100_000_000)
    {
        var options = new GatewayOptions { Cache = new CacheConfiguration { Path = Folder, MaxBytes = maxBytes } };
        var store = new DiskStore(options, Meter, time, NullLogger<DiskStore>.Instance);
        _stores.Add(store);
        return store;
    }

    /// <summary>Keeps a blob.</summary>
    public static bool TryKeep(DiskStore store, TestBlob blob, string tenant = "acme")
    {
        using var file = store.Begin(new Supplier(tenant, Hub.Identity), blob.Bytes.Length);
        if (file is null || !file.MakeRoom(blob.Bytes.Length))
        {
            return false;
        }

        RandomAccess.Write(file.File, blob.Bytes, 0);
        file.Flush();
        file.Keep(StoredBlobs.NameOf(blob.Digest));
        return true;
    }

    public void Dispose()
    {
        _stores.ForEach(store => store.Dispose());
        _services.Dispose();
        _folder.Dispose();
    }
}
