using RegistryProxy.Grains.Identity.Nonces;
using RegistryProxy.Grains.Login;
using RegistryProxy.Grains.Referrers;
using RegistryProxy.Grains.Sessions;
using RegistryProxy.Grains.Storage;
using RegistryProxy.Grains.Upstreams;

namespace RegistryProxy.Tests.Architecture;

/// <summary>Grains of which strangers, or many users, make many end soon after nobody asks them: as the table of bounds says.</summary>
public sealed class GrainAgeTests
{
    private static readonly Dictionary<Type, int> Ages = new()
    {
        [typeof(DeviceLoginGrain)] = GrainAges.MaxIdle, [typeof(NonceGrain)] = GrainAges.MaxIdle,
        [typeof(AttestationGrain)] = GrainAges.MaxIdle, [typeof(ReferrersGrain)] = GrainAges.MaxIdle,
        [typeof(UpstreamTokenGrain)] = GrainAges.MaxIdle, [typeof(SessionGrain)] = GrainAges.MaxIdleOfSession,
    };

    [Fact]
    public void Each_has_the_age_that_is_stated_for_it()
    {
        var found = typeof(GrainAges).Assembly.GetTypes()
            .Select(type => (type, Age: type.GetCustomAttributes(typeof(CollectionAgeLimitAttribute), inherit: true)
                .Cast<CollectionAgeLimitAttribute>().SingleOrDefault()))
            .Where(grain => grain.Age is not null)
            .ToDictionary(grain => grain.type, grain => (int)grain.Age!.AgeLimit.TotalMinutes);
        Assert.Equal(Ages.OrderBy(age => age.Key.Name), found.OrderBy(age => age.Key.Name));
    }
}
