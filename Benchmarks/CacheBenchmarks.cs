using System.Diagnostics.Metrics;
using System.Text;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RegistryProxy.Configuration;
using RegistryProxy.Gateway.Cache.Blobs;
using RegistryProxy.Gateway.Cache.Disk;
using RegistryProxy.Gateway.Cache.Links;
using RegistryProxy.Gateway.Cache.Manifests;
using RegistryProxy.Gateway.Cache.Metrics;
using RegistryProxy.Gateway.Options;
using RegistryProxy.Gateway.Streaming;
using RegistryProxy.Gateway.Tenants;
using RegistryProxy.Grains.Interfaces;
using RegistryProxy.Protocol;

namespace RegistryProxy.Benchmarks;

/// <summary>What the cache is asked on a warm pull.</summary>
[MemoryDiagnoser]
public class CacheBenchmarks : IDisposable
{
    private const string Address = "https://registry.example";
    private const string MediaType = "application/vnd.oci.image.manifest.v1+json";

    private static readonly Upstream Hub = new(new UpstreamSnapshot { Name = "hub", Url = new Uri(Address), Account = "me" }, []);

    private static readonly TagKey Tag = new(
        new TenantRepository(new Supplier("acme", Hub.Identity), Address, RepositoryName.Parse("team-a/deep/app")),
        Protocol.Tag.Parse("v1"), ManifestTypes.OciManifest);

    private readonly string _folder = Directory.CreateTempSubdirectory("registryproxy-benchmark-").FullName;
    /// <summary>Stands still: what is kept stays fresh however long is measured.</summary>
    private readonly StillTime _time = new();
    private InvalidationClock _clock = null!;
    private ServiceProvider _services = null!;
    private DiskStore _store = null!;
    private StoredManifests _manifests = null!;
    private StoredBlobs _blobs = null!;
    private TagIndex _tags = null!;
    private RepositoryLinkIndex _linkIndex = null!;
    private ManifestContent _content = null!;
    private RepositoryLink _link;

    [GlobalSetup]
    public void Prepare()
    {
        _clock = new InvalidationClock(_time);
        _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meter = new CacheMeter(_services.GetRequiredService<IMeterFactory>());
        var options = new GatewayOptions { Cache = new CacheConfiguration { Path = _folder } };
        _store = new DiskStore(options, meter, _time, NullLogger<DiskStore>.Instance);
        var provenance = new BlobProvenance(_store);
        (_manifests, _blobs) = (new StoredManifests(_store, provenance, meter), new StoredBlobs(_store, provenance, meter, _time));
        (_tags, _linkIndex) = (new TagIndex(_clock, _time), new RepositoryLinkIndex(_clock, _time));
        _clock.Heard(_time.GetTimestamp(), isUnbroken: false);
        Fill();
        if (!ManifestByTag() || !KnownHolding())
        {
            throw new InvalidOperationException("nothing is kept");
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _store.Dispose();
        _services.Dispose();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Benchmark]
    public bool ManifestByTag() => _tags.Find(Tag) is { } entry && _tags.IsFresh(Tag, entry, TimeSpan.FromHours(1))
        && _manifests.Find("acme", Hub, entry.Digest) is not null;

    [Benchmark]
    public bool KnownHolding() => _linkIndex.Knows(_link);

    [Benchmark]
    public async Task<long> OpenBlob()
    {
        using var lease = await _blobs.Open("acme", Hub, _content.Digest);
        return lease!.Size;
    }

    private void Fill()
    {
        var bytes = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{MediaType}}"}""");
        _content = ManifestContent.Of(ContentDigest.Of(bytes), MediaType, bytes)!;
        _link = new RepositoryLink(Tag.Repository, _content.Digest);
        _manifests.Add(_link.Supplier, _content);
        _tags.Learn(Tag, _content, _clock.Mark(Tag.Repository));
        _linkIndex.Learn(_link, _clock.Mark(Tag.Repository));
        using var blob = _store.Begin(_link.Supplier, bytes.Length)!;
        blob.MakeRoom(bytes.Length);
        RandomAccess.Write(blob.File, bytes, 0);
        blob.Keep(StoredBlobs.NameOf(_content.Digest));
    }

    private sealed class StillTime : TimeProvider
    {
        public override long GetTimestamp() => 1;
    }
}
