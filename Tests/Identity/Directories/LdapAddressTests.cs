using System.Net;
using System.Net.Sockets;
using RegistryProxy.Configuration;
using RegistryProxy.Egress;
using RegistryProxy.Grains.Identity.Ldap;

namespace RegistryProxy.Tests.Identity.Directories;

/// <summary>Sockets to directories are opened to addresses that may be dialled alone.</summary>
public sealed class LdapAddressTests
{
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task The_directory_of_a_tenant_is_not_dialled_at_a_private_address(string host)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = Server($"ldap://{host}:{((IPEndPoint)listener.LocalEndpoint).Port}", allowPrivate: false);
        await Assert.ThrowsAsync<ForbiddenAddressException>(() => LdapLink.Open(server, TestContext.Current.CancellationToken));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task That_of_an_operator_is()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var link = await LdapLink.Open(
            Server($"ldap://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", allowPrivate: true),
            TestContext.Current.CancellationToken);
        Assert.False(link.IsClosed);
    }

    [Theory]
    [InlineData("ldap://169.254.169.254:389")]
    [InlineData("ldap://[fd00:ec2::254]:389")]
    [InlineData("ldap://[::ffff:169.254.169.254]:389")]
    public async Task A_metadata_service_is_dialled_by_nobody(string url) => await Assert.ThrowsAsync<ForbiddenAddressException>(
        () => LdapLink.Open(Server(url, allowPrivate: true), TestContext.Current.CancellationToken));

    private static LdapServer Server(string url, bool allowPrivate) =>
        new(new LdapConfiguration { Name = "own", Url = new Uri(url), AllowPrivate = allowPrivate });
}
