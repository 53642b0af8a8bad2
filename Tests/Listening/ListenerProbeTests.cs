using System.Net;
using System.Net.Sockets;
using RegistryProxy.Configuration;
using RegistryProxy.ServiceDefaults.Commands;
using RegistryProxy.ServiceDefaults.Listening;
using RegistryProxy.Tests.Support.Processes;

namespace RegistryProxy.Tests.Listening;

/// <summary>What cannot be listened on is found as Kestrel would find it, and named by its key.</summary>
public sealed class ListenerProbeTests
{
    private readonly int _port = FreePort.Next();

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", true)]
    [InlineData("0.0.0.0", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "0.0.0.0", true)]
    [InlineData("::", "127.0.0.1", true)]
    [InlineData("127.0.0.1", "::", true)]
    [InlineData("::", "0.0.0.0", true)]
    [InlineData("::", "::1", true)]
    [InlineData("::", "::", true)]
    [InlineData("127.0.0.1", "127.0.0.2", false)]
    [InlineData("0.0.0.0", "::1", false)]
    public void Two_listeners_of_one_host_need_two_addresses(string one, string other, bool areOne)
    {
        var probe = new ListenerProbe();
        probe.Require("listen.data", "first", new IPEndPoint(IPAddress.Parse(one), _port));
        if (areOne)
        {
            var fault = Assert.Throws<ConfigurationUnusableException>(() => Second());
            Assert.StartsWith("listen.admin: second cannot be listened on: listen.data is port", fault.Message);
        }
        else
        {
            Second();
        }

        void Second() => probe.Require("listen.admin", "second", new IPEndPoint(IPAddress.Parse(other), _port));
    }

    [Fact]
    public void Any_number_of_listeners_may_have_ports_of_the_systems_choice()
    {
        var probe = new ListenerProbe();
        for (var i = 0; i < 3; i++)
        {
            probe.Require("listen.data", "it", new IPEndPoint(IPAddress.Loopback, 0));
        }
    }

    [Theory]
    [InlineData(null, "https://127.0.0.1:0", "--listen-admin: must be http://: the admin listener has no TLS of its own")]
    [InlineData("https://127.0.0.1:0", null, "--listen-data: an https:// data listener needs listen.tls")]
    public void An_option_says_no_scheme_that_its_listener_does_not_speak(string? data, string? admin, string saying)
    {
        var start = new HostStart(new FixedConfiguration(ConfigurationDefaults.NoFile()), null,
            new Uri(data ?? "http://127.0.0.1:0"), new Uri(admin ?? "http://127.0.0.1:0"));
        var fault = Assert.Throws<ConfigurationUnusableException>(
            () => new ListenerProbe().Require(start, ListenerKind.Data, ListenerKind.Admin));
        Assert.StartsWith(saying, fault.Message);
    }

    [Theory]
    [InlineData("http://[::]:5000", true, "::")]
    [InlineData("http://[::]:5000", false, "0.0.0.0")]
    [InlineData("http://registry.example:5000", true, "::")]
    [InlineData("http://registry.example:5000", false, "0.0.0.0")]
    [InlineData("http://[::1]:5000", false, "::1")]
    [InlineData("http://10.1.2.3:5000", true, "10.1.2.3")]
    public void Every_address_is_each_that_the_machine_has(string listener, bool hasIPv6, string address) =>
        Assert.Equal(IPAddress.Parse(address), KestrelListeners.AddressOf(new Uri(listener), hasIPv6));

    [Theory]
    [InlineData("0.0.0.0", "::")]
    [InlineData("127.0.0.1", "::")]
    [InlineData("::1", "::")]
    [InlineData("127.0.0.1", "0.0.0.0")]
    public void What_another_process_has_of_an_address_is_in_use(string theirs, string ours)
    {
        using var other = new TcpListener(IPAddress.Parse(theirs), _port);
        other.Start();
        var fault = Assert.Throws<ConfigurationUnusableException>(
            () => new ListenerProbe().Require("listen.data", "it", new IPEndPoint(IPAddress.Parse(ours), _port)));
        Assert.Contains($"listen.data: it cannot be listened on: port {_port} is in use by another process", fault.Message);
    }
}
