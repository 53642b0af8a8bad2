using RegistryProxy.Files.Yaml;

namespace RegistryProxy.Configuration.Reading.Tenants;

/// <summary><c>tenants.NAME.limits</c>.</summary>
internal static class LimitReader
{
    private const long MostRequests = 1_000_000;
    private const long MostStreams = 1_000_000;
    private const long LeastBytes = 64 * 1024;

    public static LimitConfiguration? Read(Field field)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var (bytes, perIdentity) = (map["bytesPerSecond"], map["perIdentity"]);
        var limits = new LimitConfiguration
        {
            RequestsPerSecond = Number(map["requestsPerSecond"], MostRequests),
            BytesPerSecond = bytes.IsPresent ? bytes.Size(LeastBytes) : null,
            ConcurrentStreams = (int?)Number(map["concurrentStreams"], MostStreams),
            IdentityRequestsPerSecond = PerIdentity(perIdentity),
        };
        map.RefuseOthers();
        if (limits.BytesPerSecond < LeastBytes)
        {
            bytes.Fail("must be 64KiB or more");
        }

        return limits;
    }

    private static long? PerIdentity(Field field)
    {
        if (!field.IsPresent || field.Map() is not { } map)
        {
            return null;
        }

        var requests = Number(map["requestsPerSecond"], MostRequests);
        map.RefuseOthers();
        return requests;
    }

    private static long? Number(Field field, long most) => field.IsPresent ? field.Number(1, 1, most) : null;
}
