# What perl.py asks of Net::FTP. Dies where something is not as it should be.
#
#   perl net_ftp.pl CHECK     in the local folder of the check, with FTP_… in the environment

use strict;
use warnings;
use Net::FTP;

my $name = $ENV{FTP_NAME};
my $folder = "a folder with spaces";

sub expect {
    my ($ftp, $holds, $what) = @_;
    $holds or die "$what: " . $ftp->code . " " . $ftp->message;
    return $holds;
}

sub connected {
    my $tls = $ENV{FTP_TLS} ne "plain";
    my @trust = $tls
        ? (SSL_ca_file => $ENV{FTP_CERTIFICATE}, SSL_verifycn_scheme => "none")
        : ();
    my $ftp = Net::FTP->new(
        $ENV{FTP_HOST},
        Port => $ENV{FTP_PORT},
        Passive => $ENV{FTP_DATA} eq "passive",
        SSL => $ENV{FTP_TLS} eq "implicit",
        Timeout => 20,
        @trust,
    ) or die "connect: $@";
    expect($ftp, $ftp->starttls, "starttls") if $ENV{FTP_TLS} eq "explicit";
    expect($ftp, $ftp->login($ENV{FTP_USER}, $ENV{FTP_PASSWORD}), "login");
    expect($ftp, $ftp->prot("P"), "prot") if $tls;
    expect($ftp, $ftp->binary, "binary");
    expect($ftp, $ftp->cwd($ENV{FTP_FOLDER}), "cwd");
    return $ftp;
}

sub bytes_of {
    my ($path) = @_;
    open(my $file, "<:raw", $path) or die "$path: $!";
    local $/;
    return <$file>;
}

my %checks = (
    everyday => sub {
        my ($ftp) = @_;
        my $size = -s $name;
        expect($ftp, $ftp->mkdir($folder), "mkdir");
        expect($ftp, $ftp->cwd($folder), "cwd");
        expect($ftp, $ftp->put("half", $name), "put");
        expect($ftp, $ftp->append("rest", $name), "append");
        expect($ftp, $ftp->size($name) == $size, "size");

        expect($ftp, $ftp->get($name, "half", -s "half"), "get from there on");
        bytes_of("half") eq bytes_of($name) or die "a resumed download differs";
        expect($ftp, $ftp->rename($name, "new name"), "rename");
        my @names = $ftp->ls;
        "@names" eq "new name" or die "listed @names";
        my @lines = $ftp->dir;
        grep(/ $size .* new name$/, @lines) == 1 or die "listed @lines";

        expect($ftp, $ftp->delete("new name"), "delete");
        expect($ftp, $ftp->cdup, "cdup");
        expect($ftp, $ftp->rmdir($folder), "rmdir");
    },

    unique => sub {
        my ($ftp) = @_;
        my %seen;
        for my $round (1 .. 3) {
            expect($ftp, $ftp->put_unique($name, "scan.pdf"), "put_unique");
            my $given = $ftp->unique_name or die "no name: " . $ftp->message;
            $seen{$given}++ and die "$given was given twice";
            expect($ftp, $ftp->size($given) == -s $name, "size of $given");
        }
    },

    rmdir => sub {
        my ($ftp) = @_;
        expect($ftp, $ftp->mkdir("tree/a/b", 1), "mkdir recursively");
        for my $path ("tree/1", "tree/a/with space", "tree/a/b/$name") {
            expect($ftp, $ftp->put($name, $path), "put $path");
        }
        expect($ftp, $ftp->rmdir("tree", 1), "rmdir recursively");
        $ftp->cwd("tree") and die "the tree is still there";
    },

    refused => sub {
        my ($ftp) = @_;
        for my $round (1 .. 3) {
            $ftp->get("missing", "missing") and die "got what is not there";
            $ftp->code == 550 or die "heard " . $ftp->code;
            $ftp->put($name, "no/such/folder") and die "put where nothing is";
            $ftp->code == 550 or $ftp->code == 553 or die "heard " . $ftp->code;
        }
        expect($ftp, $ftp->put($name, "there"), "put afterwards");
        expect($ftp, $ftp->get("there", "back"), "get afterwards");
        bytes_of("back") eq bytes_of($name) or die "what came back differs";
    },

    abort => sub {
        my ($ftp) = @_;
        expect($ftp, $ftp->put("large", "large"), "put");
        my $data = $ftp->retr("large") or die "retr: " . $ftp->message;
        $data->read(my $buffer, 1000) or die "nothing came";
        expect($ftp, $data->abort, "abort");
        my @names = $ftp->ls;
        "@names" eq "large" or die "listed @names after an abort";
    },
);

my $ftp = connected();
$checks{ $ARGV[0] }->($ftp);
$ftp->quit;
