using System.Net;
using RegistryProxy.Configuration;
using RegistryProxy.Protocol;
using RegistryProxy.ServiceDefaults.Clustering;

namespace RegistryProxy.Tests.Clustering;

/// <summary>A silo whose cluster meets on this machine is reached here alone, by whatever name the server has.</summary>
public sealed class SiloAddressingTests
{
    [Theory]
    [InlineData("127.0.0.1:6379")]
    [InlineData("localhost:6379,ssl=true")]
    [InlineData("[::1]:6379")]
    [InlineData("127.0.0.1:6379,127.0.0.1:6380")]
    public void A_redis_on_this_machine_means_loopback(string connection) => Assert.Equal(IPAddress.Loopback, Of(connection));

    [Theory]
    [InlineData("192.0.2.1:6379")]
    [InlineData("[2001:db8::1]:6379")]
    [InlineData("127.0.0.1:6379,redis.example:6379")]
    public void One_elsewhere_means_an_address_of_an_interface_where_there_is_one(string connection) =>
        Assert.Equal(Of("redis.example:6379"), Of(connection));

    private static IPAddress Of(string connection) => SiloAddressing.Advertised(new ClusterConfiguration
    {
        Provider = ClusterProvider.Redis, Redis = new RedisConfiguration(new Secret(connection), null),
    });
}
