using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>Flags in environment files and units, written in every way that systemd takes.</summary>
public sealed class FlagTextTests
{
    private const string Flag = "--image-service-endpoint";

    [Theory]
    [InlineData("A=\n", "A=--f=v\n")]
    [InlineData("A=\"\"\n", "A=\"--f=v\"\n")]
    [InlineData("A=--x=1\n", "A=--x=1 --f=v\n")]
    [InlineData("A=--x=1   \nB=2\n", "A=--x=1 --f=v   \nB=2\n")]
    [InlineData("A='--x=1'\r\nB=2\r\n", "A='--x=1 --f=v'\r\nB=2\r\n")]
    [InlineData("A=--old\n# A=--commented\nA=\"--x=1\"\n", "A=--old\n# A=--commented\nA=\"--x=1 --f=v\"\n")]
    [InlineData("A=\"--x=1 \\\n  --y=2\"\n", "A=\"--x=1 \\\n  --y=2 --f=v\"\n")]
    [InlineData("A=--x=1 \\\n  --y=2\nB=\n", "A=--x=1 \\\n  --y=2 --f=v\nB=\n")]
    [InlineData("  A = --x\n", "  A = --x --f=v\n")]
    [InlineData("; c \\\nA=--not\nA=--x", "; c \\\nA=--not\nA=--x --f=v")]
    [InlineData("B=1", "B=1\nA=\"--f=v\"\n")]
    [InlineData("", "A=\"--f=v\"\n")]
    public void A_flag_is_added_where_systemd_reads_it_and_taken_out_to_the_byte(string text, string with)
    {
        Assert.Equal(with, FlagText.Set(text, "/etc/default/kubelet", "A", "--f", "v"));
        Assert.Equal(with, FlagText.Set(with, "/etc/default/kubelet", "A", "--f", "v"));
        var without = FlagText.Remove(with, "/etc/default/kubelet", "--f", "v", null);
        Assert.DoesNotContain("--f", without);
        if (text.Contains('A'))
        {
            Assert.Equal(text, without);
        }
    }

    [Theory]
    [InlineData("A=--image-service-endpoint=x --b\n", "A=--b\n")]
    [InlineData("A=--a --image-service-endpoint x --b\n", "A=--a --b\n")]
    [InlineData("A='--a  --image_service_endpoint=x'\n", "A='--a'\n")]
    [InlineData("A=\"--a \\\n --image-service-endpoint=x \\\n --b\"\n", "A=\"--a \\\n --b\"\n")]
    [InlineData("# --image-service-endpoint=x\nA=--image-service-endpoint=y\n",
        "# --image-service-endpoint=x\nA=--image-service-endpoint=y\n")]
    public void A_flag_of_this_value_is_taken_out_wherever_it_was_moved(string text, string without) =>
        Assert.Equal(without, FlagText.Remove(text, "/etc/default/kubelet", Flag, "x", null));

    [Theory]
    [InlineData("[Service]\nEnvironment=\"A=--image-service-endpoint=x --b\" B=1\n",
        "[Service]\nEnvironment=\"A=--image-service-endpoint=y --b\" B=1\n")]
    [InlineData("[Service]\nExecStart=/usr/bin/kubelet --a \\\n# c\n  --image-service-endpoint x\n",
        "[Service]\nExecStart=/usr/bin/kubelet --a \\\n# c\n  --image-service-endpoint y\n")]
    public void In_a_unit_it_is_replaced_where_it_stands(string text, string with)
    {
        var name = text.Contains("ExecStart", StringComparison.Ordinal) ? UnitText.Command : "A";
        Assert.Equal(with, FlagText.Set(text, "/etc/systemd/system/kubelet.service.d/x.conf", name, Flag, "y"));
        Assert.Equal(text, FlagText.Remove(with, "/etc/systemd/system/kubelet.service.d/x.conf", Flag, "y", "x"));
        Assert.Throws<InstallRefusal>(() => FlagText.Set(text, "/etc/systemd/system/kubelet.service.d/x.conf", "OTHER", Flag, "y"));
    }

    [Fact]
    public void What_is_put_in_comes_out_of_any_text()
    {
        var random = new Random(19);
        string[] parts = ["A=", "\n", "\r\n", "--x ", "--y=1", "'", "\"", "\\", "\\\n", "#", ";", " ", "B=", "é", "\t", "$X"];
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(12)).Select(_ => parts[random.Next(parts.Length)]));
            if (TrySet(text) is not { } with)
            {
                refused++;
                continue;
            }

            Assert.True(EnvironmentText.Read(with).Last(line => line.Name == "A").Words.Any(word => word.Text == "--ours=v"),
                $"{text} became {with}");
            var without = FlagText.Remove(with, "env", "--ours", "v", null);
            Assert.DoesNotContain("--ours", without);
            Assert.Equal(
                EnvironmentText.Read(text).SelectMany(line => line.Words.Select(word => (line.Name, word.Text))),
                EnvironmentText.Read(without).SelectMany(line => line.Words.Select(word => (line.Name, word.Text))));
        }

        Assert.InRange(refused, 1, 1500);
    }

    private static string? TrySet(string text)
    {
        try
        {
            return FlagText.Set(text, "env", "A", "--ours", "v");
        }
        catch (InstallRefusal)
        {
            return null;
        }
    }
}
