// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {FeedId, IFeedReader} from "./IFeedReader.sol";
import {ISensorFeeds} from "./ISensorFeeds.sol";

/// @notice A member's public key: an affine point of secp256k1. The member is known by the key's account.
struct CommitteeKey {
    /// @notice The point's abscissa.
    uint256 x;
    /// @notice The point's ordinate.
    uint256 y;
}

/// @notice A Schnorr signature; see libraries/SchnorrSignatures.sol.
struct SchnorrSignature {
    /// @notice The account of the nonce's point.
    address nonce;
    /// @notice The answer, from 1 to the group's order less one.
    uint256 s;
}

/// @notice What holds for a feed's committees for ever.
struct CommitteeTerms {
    /// @notice How far every one of a quorum of device readings must lie from an attested value to contradict it, in the
    /// feed's unit.
    uint128 tolerance;
    /// @notice What a member deposits, in wei.
    uint96 bond;
}

/// @notice A feed's committee in force.
struct CommitteeConfig {
    /// @notice Number of the committee; zero before the first.
    uint16 epoch;
    /// @notice Version of its key set, which evidence names; it changes with every slashing.
    uint16 version;
    /// @notice Version of the scheduled key set; zero when none is scheduled.
    uint16 nextVersion;
    /// @notice When the scheduled committee may be put in force, unix seconds; zero when none is scheduled.
    uint40 nextEpochAt;
    /// @notice Signatures an attestation needs.
    uint8 quorum;
    /// @notice Members, slashed ones included.
    uint8 members;
    /// @notice As in the device feed.
    uint8 decimals;
    /// @notice As in the device feed.
    uint16 deviationBps;
    /// @notice As in the device feed.
    uint32 heartbeat;
    /// @notice As in the device feed.
    uint32 historySize;
    /// @notice As `CommitteeTerms.tolerance`.
    uint128 tolerance;
    /// @notice As `CommitteeTerms.bond`.
    uint96 bond;
}

/// @notice What the contract knows of a member.
struct CommitteeMember {
    /// @notice Who deposited the bond and gets it back; zero: not enrolled.
    address operator;
    /// @notice The bond, in wei.
    uint96 bond;
    /// @notice When the bond can be released, unix seconds; zero while it has not left.
    uint40 freeAt;
    /// @notice Whether it signed a contradicted value; its key never serves this feed again.
    bool isBarred;
}

/// @title IAttestedFeed
/// @notice Values attested by a bonded committee: gateways that check device readings off chain and sign one value together.
/// @dev The committee lane of a feed that exists in `SensorFeeds`, under the same id and read through the same interface.
/// One Schnorr signature by all keys minus the absent ones costs the same for a committee of any size. A report is packed:
/// `round (4) ‖ observedAt (5) ‖ value (16, int128) ‖ kind (1)`, then for kind 0 (Schnorr) `nonce (20) ‖ s (32)` and, when
/// members are absent, `inverse (32) ‖ their indices (1 each), ascending`, where `inverse` is that of the sum's z after
/// subtracting them in this order; for kind 1 (ECDSA), at least a quorum of `index (1) ‖ r (32) ‖ vs (32)`, ascending. Both
/// sign the EIP-712 message `Attestation(bytes32 feed,uint32 round,uint40 observedAt,int128 value,uint16 epoch)` under the
/// domain ("Publica AttestedFeed", "1", chain, this contract); `epoch` is the number of the committee in force.
interface IAttestedFeed is IFeedReader {
    /// @notice A device feed got a committee lane; it has no committee yet.
    event AttestedFeedOpened(FeedId indexed feed, CommitteeTerms terms);

    /// @notice A key was enrolled with its bond and may be chosen for committees.
    event AttestedMemberEnrolled(
        FeedId indexed feed,
        address indexed member,
        address indexed operator,
        CommitteeKey key
    );

    /// @notice A member that serves in no committee left; its bond is free from `freeAt` on.
    event AttestedMemberLeft(FeedId indexed feed, address indexed member, uint40 freeAt);

    /// @notice A member's bond was credited to its operator.
    event AttestedBondReleased(FeedId indexed feed, address indexed member, address indexed operator, uint256 amount);

    /// @notice A committee was announced: it may be put in force at `activatesAt`, with `quorum` of `keys`.
    event AttestedCommitteeScheduled(
        FeedId indexed feed,
        uint16 indexed epoch,
        uint16 version,
        uint40 activatesAt,
        uint8 quorum,
        CommitteeKey[] keys
    );

    /// @notice The announced committee was withdrawn.
    event AttestedCommitteeCancelled(FeedId indexed feed, uint16 version);

    /// @notice A set of keys came into force: a new committee, or one without its slashed members.
    event AttestedCommitteeActivated(FeedId indexed feed, uint16 indexed epoch, uint16 version);

    /// @notice An attestation was stored. Bit i of `signers` is set when member i signed.
    event AttestedReported(FeedId indexed feed, uint32 indexed round, int128 value, uint40 observedAt, uint256 signers);

    /// @notice The value just stored lies outside the feed's plausible range.
    event AttestedSuspected(FeedId indexed feed, uint32 indexed round, int128 value);

    /// @notice Devices contradicted an attestation: `median` is theirs, `reward` the challenger's share of the bonds.
    event AttestedContradicted(
        FeedId indexed feed,
        uint32 indexed round,
        address indexed challenger,
        int128 value,
        int128 median,
        uint256 reward
    );

    /// @notice A member that signed the contradicted value lost its bond and is barred from the feed.
    event AttestedMemberSlashed(FeedId indexed feed, address indexed member, uint256 amount);

    /// @notice A stored value was replaced by the median of the devices that contradict it.
    event AttestedCorrected(FeedId indexed feed, uint32 indexed round, int128 from, int128 to);

    /// @notice A credit was paid out.
    event AttestedCreditPaid(address indexed account, uint256 amount);

    /// @notice The deployment's dispute window is out of bounds.
    /// @dev Deploy with a window from one hour to 365 days.
    error AttestedWindowInvalid(uint40 window);

    /// @notice The feed has a committee lane already.
    /// @dev Use it; its terms do not change.
    error AttestedFeedExists(FeedId feed);

    /// @notice A committee lane without bonds would have nothing to lose.
    /// @dev Give the bond of each member, in wei.
    error AttestedBondMissing();

    /// @notice The amount sent is not the feed's bond.
    /// @dev Send exactly `CommitteeTerms.bond`.
    error AttestedBondInvalid(uint256 sent, uint256 bond);

    /// @notice The key is enrolled already.
    /// @dev Nothing to do, or enrol another key.
    error AttestedMemberKnown(address member);

    /// @notice The key signed a contradicted value and stays out of this feed.
    /// @dev Enrol another key.
    error AttestedMemberBarred(address member);

    /// @notice The proof does not show that this operator's member holds the key for this feed.
    /// @dev Sign `hashPossession` of this feed, key and operator with the key itself, on this chain and contract.
    error AttestedPossessionInvalid(address member);

    /// @notice Only the member's operator can do this.
    /// @dev Call from the account that enrolled the member.
    error AttestedNotOperator(address caller, address operator);

    /// @notice The member serves in the committee in force or in the scheduled one.
    /// @dev Have a committee without it scheduled and put in force first.
    error AttestedMemberServes(address member);

    /// @notice The bond is not free: the member has not left, or the dispute window is not over.
    /// @dev Call `leave` first, then wait until `freeAt`.
    error AttestedBondLocked(address member, uint40 freeAt);

    /// @notice The account has no credit.
    /// @dev Nothing to do; credits come from released bonds and from rewards.
    error AttestedNothingToWithdraw(address account);

    /// @notice A key of the committee is not enrolled with its bond, has left, or is barred.
    /// @dev Have the member call `enrol`, or leave it out.
    error AttestedMemberAbsent(uint256 index);

    /// @notice The same key appears twice in a committee.
    /// @dev List each member once.
    error AttestedMemberRepeated(uint256 index);

    /// @notice The keys that sign add up to nothing, so they have no common signature.
    /// @dev Leave one of the keys out, or post ECDSA signatures.
    error AttestedKeysCancel();

    /// @notice The announced committee cannot be put in force yet.
    /// @dev Wait until `activatesAt`.
    error AttestedTooEarly(uint40 activatesAt);

    /// @notice The report does not have the length its kind asks for, or its kind is unknown.
    /// @dev Encode it with the SDK's `encodeAttestation`.
    error AttestedReportMalformed(uint256 kind, uint256 length);

    /// @notice A member named in the report does not exist, was slashed, or is not in ascending order.
    /// @dev Name each member once, by its index in the committee in force, in ascending order.
    error AttestedMemberMisplaced(uint256 member);

    /// @notice The inverse does not belong to the sum of the keys.
    /// @dev Subtract the absent keys in the order of the report and invert the z that remains.
    error AttestedInverseWrong();

    /// @notice The signature is not that of the members the report claims.
    /// @dev Check feed, round, time, value, epoch, chain and contract that were signed, and who is absent.
    error AttestedSignatureInvalid();

    /// @notice The feed never had a key set with this version.
    /// @dev Take the version in force when the attestation was signed from `AttestedCommitteeActivated`.
    error AttestedVersionUnknown(uint16 version);

    /// @notice The devices' readings are of another round than the attestation.
    /// @dev Show readings of the attested round.
    error AttestedRoundsDiffer(uint32 attested, uint32 measured);

    /// @notice The readings do not contradict the value: not all of them are on one side of it and beyond the tolerance.
    /// @dev Show a quorum of readings each further away, or accept the value.
    error AttestedReadingsAgree(int128 value, int128 lowest, int128 highest);

    /// @notice The evidence is sound but changes nothing: the signers are slashed and the stored value agrees with it.
    /// @dev Nothing to do; somebody showed it before.
    error AttestedNothingToPunish();

    /// @notice The device feeds whose readings bind the committees.
    function SENSORS() external view returns (ISensorFeeds);

    /// @notice Seconds between the announcement of a committee and its coming into force.
    function ACTIVATION_DELAY() external view returns (uint40);

    /// @notice Seconds a stored value can be corrected, and the bond of a member that left is held.
    function DISPUTE_WINDOW() external view returns (uint40);

    /// @notice The committee in force; all zero for an unknown feed.
    function configOf(FeedId feed) external view returns (CommitteeConfig memory config);

    /// @notice The keys of a version, by index; a slashed member's key is zero. Empty for a version that never was.
    function committeeOf(FeedId feed, uint16 version) external view returns (CommitteeKey[] memory keys);

    /// @notice What is known of a member.
    function memberOf(FeedId feed, address member) external view returns (CommitteeMember memory);

    /// @notice What `withdraw` would pay to the account, in wei.
    function creditOf(address account) external view returns (uint256);

    /// @notice The EIP-712 digest a committee signs.
    function hashAttestation(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch
    ) external view returns (bytes32);

    /// @notice The EIP-712 digest by which a key shows that it is held, for this feed and operator only:
    /// `Possession(bytes32 feed,uint256 x,uint256 y,address operator)`.
    function hashPossession(FeedId feed, CommitteeKey calldata key, address operator) external view returns (bytes32);

    /// @notice Opens the committee lane of a device feed.
    /// @dev Restricted. Plausible range, heartbeat and history are the device feed's.
    function openFeed(FeedId feed, CommitteeTerms calldata terms) external;

    /// @notice Announces the next committee, which anyone may put in force after the activation delay; the first at once.
    /// @dev Restricted. Replaces an announced one. Every key must be enrolled.
    function scheduleCommittee(FeedId feed, CommitteeKey[] calldata keys, uint8 quorum) external;

    /// @notice Withdraws the announced committee.
    /// @dev Restricted.
    function cancelCommittee(FeedId feed) external;

    /// @notice Puts the announced committee in force. Anyone may call once its time has come.
    function activateCommittee(FeedId feed) external;

    /// @notice Enrols a key with the feed's bond; the caller becomes its operator.
    /// @dev The proof is a Schnorr signature of `hashPossession` by the key. It is what makes adding keys safe: who cannot
    /// sign alone with a key cannot have made it up to cancel those of others.
    function enrol(FeedId feed, CommitteeKey calldata key, SchnorrSignature calldata proof) external payable;

    /// @notice Ends a member's enrolment; its bond is free after the dispute window.
    function leave(FeedId feed, address member) external;

    /// @notice Credits the bond of a member that left to its operator. Anyone may call once it is free.
    function releaseBond(FeedId feed, address member) external;

    /// @notice Pays the caller what it is credited with.
    function withdraw() external;

    /// @notice Stores a value that a quorum of the committee in force signed. Anyone may call.
    /// @param feed The feed.
    /// @param report Packed as described above; round above the stored one, observation not in the future.
    function submit(FeedId feed, bytes calldata report) external;

    /// @notice Slashes everybody who signed a value that a quorum of device readings contradicts. Anyone may call.
    /// @dev All readings must lie on one side of the value, each beyond the tolerance. Half of the bonds goes to the caller,
    /// half stays here for ever, so that a committee cannot save its bonds by accusing itself. Within the dispute window a
    /// stored value of that round, if contradicted too, becomes the readings' median.
    /// @param feed The feed.
    /// @param version Version of the key set that signed.
    /// @param attestation The signed report; it need not have been submitted.
    /// @param readings A report of the device feed for the same round, by the device set in force now.
    function proveContradiction(
        FeedId feed,
        uint16 version,
        bytes calldata attestation,
        bytes calldata readings
    ) external;
}
