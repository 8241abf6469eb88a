# A message centre for tests, around Net::SMPP: it takes one user, notes down what it is told, and does with each text
# what the next line of the file `orders` says.
use strict;
use warnings;
use IO::Select;
use Net::SMPP;

my ($port, $folder) = @ARGV;
$| = 1;
$SIG{PIPE} = 'IGNORE';

my $centre = Net::SMPP->new_listen('127.0.0.1', port => $port, smpp_version => 0x34, interface_version => 0x34)
    or die "can't listen: $!";
print "listens\n";
my $all = IO::Select->new($centre);

sub note {
    open my $notes, '>>', "$folder/notes" or die $!;
    print $notes "@_\n";
    close $notes;
}

sub order {
    open my $file, '<', "$folder/orders" or return 'take';
    my ($first, @rest) = <$file>;
    close $file;
    open $file, '>', "$folder/orders" or die $!;
    print $file @rest;
    close $file;
    chomp($first = $first // 'take');
    return $first;
}

sub address {
    my ($pdu, $whose, $number) = @_;
    return ($pdu->{"${whose}_addr_ton"}, $pdu->{"${whose}_addr_npi"}, length $number ? $number : '-');
}

sub leave {
    my ($line) = @_;
    $all->remove($line);
    close $line;
}

my $count = 0;
my %bound;
while (1) {
    for my $line ($all->can_read) {
        if ($line == $centre) {
            my $new = $centre->accept or next;
            $all->add($new);
            next;
        }
        my $pdu = $line->read_pdu;
        if (!$pdu) { leave($line); next }
        my ($command, $seq) = ($pdu->{cmd}, $pdu->{seq});
        if ($command == 0x09) {
            my $good = $pdu->{system_id} eq 'lamplit' && $pdu->{password} eq 'secret';
            note('bind', sprintf('0x%02x', $pdu->{interface_version}), $good ? 'good' : 'bad');
            $line->set_version(0x34);
            $bound{$line} = $good;
            $line->bind_transceiver_resp(system_id => 'centre', seq => $seq, status => $good ? 0 : 0x0D);
        } elsif ($command == 0x15) {
            note('enquire_link');
            $line->enquire_link_resp(seq => $seq);
        } elsif ($command == 0x06) {
            note('unbind');
            $line->unbind_resp(seq => $seq);
            leave($line);
        } elsif ($command == 0x04) {
            note('submit_sm', address($pdu, 'source', $pdu->{source_addr}), address($pdu, 'dest', $pdu->{destination_addr}),
                $pdu->{data_coding}, $pdu->{esm_class}, unpack('H*', $pdu->{short_message}));
            my $order = order();
            if ($order eq 'deaf') { next }
            if ($order eq 'close') { leave($line); next }
            my $status = $order =~ /^status (\d+)/ ? $1 : $bound{$line} ? 0 : 0x04;
            $count++;
            $line->submit_sm_resp(message_id => "message-$count", seq => $seq, status => $status);
            if ($order eq 'receipt') {
                $line->deliver_sm(async => 1, esm_class => 4, source_addr => $pdu->{destination_addr}, destination_addr => 'Lamplit',
                    short_message => "id:$count sub:001 dlvrd:000 stat:UNDELIV err:001 text:secret words");
            }
        } elsif ($command == 0x80000005) {
            note('deliver_sm_resp', $pdu->{status});
        } else {
            note(sprintf 'other 0x%08x', $command);
        }
    }
}
