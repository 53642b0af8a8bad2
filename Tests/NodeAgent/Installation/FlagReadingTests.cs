using RegistryProxy.NodeAgent.Installation.Merging.Flags;
using RegistryProxy.NodeAgent.Installation.Requests;

namespace RegistryProxy.Tests.NodeAgent.Installation;

/// <summary>What is read of environment files and units, as systemd reads them, and where flags stand in it.</summary>
public sealed class FlagReadingTests
{
    [Theory]
    [InlineData("A=b", "A[b]")]
    [InlineData("A=b c\nB = d ", "A[b|c] B[d]")]
    [InlineData("A=b\r\nB=c\r\n", "A[b] B[c]")]
    [InlineData("# A=b\n; B=c\nC=d", "C[d]")]
    [InlineData("# c \\\nA=b\nB=c", "B[c]")]
    [InlineData("#\\", "")]
    [InlineData("no value\nA=b", "A[b]")]
    [InlineData("no value", "")]
    [InlineData("no value\rA=b", "A[b]")]
    [InlineData(" \n\t ", "")]
    [InlineData("A=", "A[]")]
    [InlineData("A=\"b c\" 'd e'", "A[b|cd|e]")]
    [InlineData("A='b'\"c\"", "A[bc]")]
    [InlineData("A=\"b\\\"c\"", "A[b\"c]")]
    [InlineData("A='b\\c'", "A[b\\c]")]
    [InlineData("A=\"b\\\nc\"", "A[bc]")]
    [InlineData("A=\"b\\\r\nc\"", "A[bc]")]
    [InlineData("A=\"b\\", "A[b\\]")]
    [InlineData("A=\"b\n c\"\nB=d", "A[b|c] B[d]")]
    [InlineData("A=b\\ c", "A[b|c]")]
    [InlineData("A=b\\\nc", "A[bc]")]
    [InlineData("A=b\\\r\nc\nB=d", "A[bc] B[d]")]
    [InlineData("A=\\\n \"b\"", "A[b]")]
    [InlineData("A=b\\", "A[b]")]
    [InlineData("A=x\\\"y\"", "A[x\"y\"]")]
    public void An_environment_file_is_read_as_systemd_does(string text, string read) =>
        Assert.Equal(read, Print(EnvironmentText.Read(text)));

    [Theory]
    [InlineData("[Service]\nEnvironment=A=b", "A[b]")]
    [InlineData("[Unit]\nEnvironment=A=b\n[Service]\nEnvironment=B=c\n[Install]\nEnvironment=C=d", "B[c]")]
    [InlineData("[Service]\n# Environment=A=b\n; Environment=A=b\n\nnothing\nEnvironment=B=c", "B[c]")]
    [InlineData("[Service]\nEnvironment=\"A=b c\" 'B=d' C=e", "A[b|c] B[d] C[e]")]
    [InlineData("[Service]\nEnvironment=A", "")]
    [InlineData("[Service]\nEnvironment==b", "")]
    [InlineData("[Service]\nEnvironment=", "[]")]
    [InlineData("[Service]\nExecStart=/k --a 'b c' \"d\"", "ExecStart[/k|--a|b c|d]")]
    [InlineData("[Service]\nExecStart=/k ''", "ExecStart[/k|]")]
    [InlineData("[Service]\nExecStart=/k a\\ b '\\c' \"\\\"d\"", "ExecStart[/k|a b|\\c|\"d]")]
    [InlineData("[Service]\nExecStart=/k \\\n  --a \\\r\n# c\n  ; d\n  --b\nRestart=no", "ExecStart[/k|--a|--b]")]
    [InlineData("[Service]\nExecStart=/k \\", "ExecStart[/k]")]
    [InlineData("[Service]\nExecStart=/k x'y z'w", "ExecStart[/k|xy zw]")]
    public void A_unit_is_read_as_systemd_does(string text, string read) =>
        Assert.Equal(read, Print(FlagText.Read(text, "/etc/systemd/system/k.service")));

    [Fact]
    public void Words_know_where_they_stand()
    {
        const string Text = "[Service]\nExecStart=/k \"a\" \\\n  --b=\"c d\"\n";
        var (key, command) = Assert.Single(UnitText.Read(Text));
        Assert.Equal("ExecStart", key);
        Assert.Equal(["/k", "a", "--b=\"c d"], command.Words.Select(word => Text[word.Start..word.End]));
        Assert.Equal(Text.IndexOf("/k", StringComparison.Ordinal), command.At);
        const string Environment = "A='b c'\nB=\"\"\n";
        var read = EnvironmentText.Read(Environment);
        Assert.Equal(["b", "c"], read[0].Words.Select(word => Environment[word.Start..word.End]));
        Assert.Equal((3, Environment.Length - 2), (read[0].At, read[1].At));
    }

    [Theory]
    [InlineData("--f=v", "v 0 1")]
    [InlineData("--f v", "v 0 2")]
    [InlineData("a --f v b --f=w", "v 1 2,w 4 1")]
    [InlineData("--f", "")]
    [InlineData("f=v -f=v --g=v --ff=v", "")]
    [InlineData("--f --f v", "--f 0 2")]
    [InlineData("--f='v'", "v 0 1")]
    [InlineData("--f=a=b", "a=b 0 1")]
    public void A_flag_is_found_wherever_it_stands(string words, string found)
    {
        var places = FlagPlace.All(words.Split(' '), "--f").ToList();
        Assert.Equal(found, string.Join(',', places.Select(place => $"{place.Value} {place.First} {place.Count}")));
        Assert.Equal(places.Count == 0 ? null : places[^1].Value, FlagPlace.InEffect(words.Split(' '), "--f"));
    }

    [Theory]
    [InlineData("A=\nB=\"\"\n", true)]
    [InlineData("", true)]
    [InlineData("A=b\n", false)]
    [InlineData("# a comment\n", false)]
    public void A_file_is_empty_when_nothing_but_names_is_left(string text, bool isEmpty) =>
        Assert.Equal(isEmpty, FlagText.IsEmpty(text, "/etc/default/kubelet"));

    [Theory]
    [InlineData("/etc/systemd/system/kubelet.service", true)]
    [InlineData("/run/systemd/system/kubelet.service.d/x.conf", true)]
    [InlineData("/usr/lib/systemd/system/service.d/10-all.conf", true)]
    [InlineData("/etc/kubernetes/kubelet-env.conf", false)]
    [InlineData("/etc/kubelet.service.d/x.conf", false)]
    [InlineData("/etc/kubelet.service", false)]
    [InlineData("/etc/default/kubelet", false)]
    public void Units_and_their_parts_are_told_by_their_places(string file, bool isUnit) => Assert.Equal(isUnit, FlagText.IsUnit(file));

    [Theory]
    [InlineData("A=--x", "A=--x\nB=\"--f=v\"\n")]
    [InlineData("A=--x\r\n", "A=--x\r\nB=\"--f=v\"\r\n")]
    [InlineData("B=--x", "B=--x --f=v")]
    [InlineData("B=--f w --x", "B=--f v --x")]
    [InlineData("B=--x=1\nB=--y", "B=--x=1\nB=--y --f=v")]
    public void A_flag_is_set_where_it_is_in_effect(string text, string with) =>
        Assert.Equal(with, FlagText.Set(text, "/etc/default/kubelet", "B", "--f", "v"));

    [Fact]
    public void What_cannot_take_a_flag_is_refused_with_its_name()
    {
        Assert.Equal("env: --f cannot be put into A; is a quote open at its end?",
            Assert.Throws<InstallRefusal>(() => FlagText.Set("B=\"open", "env", "A", "--f", "v")).Message);
        Assert.Equal("/etc/systemd/system/k.service has no A: this node's kubelet does not take its flags from there",
            Assert.Throws<InstallRefusal>(() => FlagText.Set("[Service]\n", "/etc/systemd/system/k.service", "A", "--f", "v")).Message);
    }

    [Theory]
    [InlineData("A=--f=v --f v --b", null, "A=--b")]
    [InlineData("A=--a --f v", null, "A=--a")]
    [InlineData("A=--f=v\nB=--f v", "w", "A=--f=w\nB=--f w")]
    [InlineData("A=--f=v", null, "A=")]
    [InlineData("A=--f=other", null, "A=--f=other")]
    public void A_flag_is_taken_away_or_put_back_wherever_it_is(string text, string? replaced, string without) =>
        Assert.Equal(without, FlagText.Remove(text, "env", "--f", "v", replaced));

    private static string Print(IEnumerable<Assignment> read) =>
        string.Join(' ', read.Select(line => $"{line.Name}[{string.Join('|', line.Words.Select(word => word.Text))}]"));
}
