// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {ShareVerifier} from "./ShareVerifier.sol";
import {
    CommitteeConfig,
    CommitteeKey,
    CommitteeMember,
    CommitteeTerms,
    IAttestedFeed,
    SchnorrSignature
} from "./interfaces/IAttestedFeed.sol";
import {FeedId, FeedRound, IFeedReader} from "./interfaces/IFeedReader.sol";
import {FeedConfig, ISensorFeeds, ReportSummary} from "./interfaces/ISensorFeeds.sol";
import {AttestationMessage, CommitteeReports} from "./libraries/CommitteeReports.sol";
import {CommitteeSets} from "./libraries/CommitteeSets.sol";
import {FeedRounds, FeedWord} from "./libraries/FeedRounds.sol";
import {SchnorrSignatures} from "./libraries/SchnorrSignatures.sol";
import {SensorSets, SetTraits} from "./libraries/SensorSets.sol";

/// @title AttestedFeed
/// @notice The committee lane of device feeds: bonded gateways sign one value together, and lose their bonds for a value
/// that a quorum of the devices contradicts.
/// @dev The administrator's roles choose members, ahead of time and in public; nobody can write or change a value, and no
/// role can touch a bond. A report reads one data contract and touches two slots, whatever the committee's size.
contract AttestedFeed is IAttestedFeed, AccessManaged, EIP712, ReentrancyGuardTransient {
    /// @dev One slot: bits 0–39 when the scheduled committee may come into force (0: none) · 40–55 its version ·
    /// 56–71 highest version given out.
    struct Schedule {
        uint40 activatesAt;
        uint16 version;
        uint16 lastVersion;
    }

    /// @dev `latest` and `history` as in SensorFeeds; the word's bit 241 is not used.
    struct Feed {
        FeedWord latest;
        Schedule schedule;
        CommitteeTerms terms;
        mapping(uint256 index => FeedWord round) history;
        mapping(address member => CommitteeMember record) members;
    }

    bytes32 private constant POSSESSION_TYPEHASH = keccak256(
        "Possession(bytes32 feed,uint256 x,uint256 y,address operator)"
    );

    /// @inheritdoc IAttestedFeed
    ISensorFeeds public immutable SENSORS;
    /// @inheritdoc IAttestedFeed
    uint40 public immutable ACTIVATION_DELAY;
    /// @inheritdoc IAttestedFeed
    uint40 public immutable DISPUTE_WINDOW;

    mapping(FeedId feed => Feed state) private _feeds;

    /// @inheritdoc IAttestedFeed
    mapping(address account => uint256 credit) public creditOf;

    /// @param authority The deployment's AccessManager: its roles may open feeds and schedule committees.
    /// @param sensors The device feeds.
    /// @param activationDelay Seconds from the announcement of a committee to its coming into force.
    /// @param disputeWindow Seconds a value can be corrected and a leaving member's bond is held.
    constructor(
        address authority,
        ISensorFeeds sensors,
        uint40 activationDelay,
        uint40 disputeWindow
    ) AccessManaged(authority) EIP712("Publica AttestedFeed", "1") {
        if (activationDelay < 1 hours || activationDelay > 365 days) {
            revert ISensorFeeds.FeedDelayInvalid(activationDelay);
        }
        if (disputeWindow < 1 hours || disputeWindow > 365 days) revert AttestedWindowInvalid(disputeWindow);
        SENSORS = sensors;
        ACTIVATION_DELAY = activationDelay;
        DISPUTE_WINDOW = disputeWindow;
    }

    // ---------------------------------------------------------------- read

    /// @inheritdoc IFeedReader
    function read(FeedId feed) external view returns (FeedRound memory round) {
        FeedWord latest = _feeds[feed].latest;
        if (latest.number() == 0) revert ISensorFeeds.FeedWithoutData(feed);
        uint32 heartbeat = SensorSets.heartbeatOf(SensorSets.load(feed, latest.version()));
        if (!_isFresh(latest, heartbeat)) revert ISensorFeeds.FeedStale(feed, latest.observedAt(), heartbeat);
        return latest.toRound();
    }

    /// @inheritdoc IFeedReader
    function tryRead(FeedId feed) external view returns (FeedRound memory round, bool fresh) {
        FeedWord latest = _feeds[feed].latest;
        round = latest.toRound();
        if (round.round == 0) return (round, false);
        fresh = _isFresh(latest, SensorSets.heartbeatOf(SensorSets.load(feed, latest.version())));
    }

    /// @inheritdoc IFeedReader
    function readRound(FeedId feed, uint32 number) external view returns (FeedRound memory round) {
        FeedWord latest = _feeds[feed].latest;
        if (number == 0 || number > latest.number()) revert ISensorFeeds.FeedRoundUnavailable(feed, number);
        uint256 slot = SensorSets.slotOf(SensorSets.load(feed, latest.version()), number);
        FeedWord found = _feeds[feed].history[slot];
        if (found.number() != number) revert ISensorFeeds.FeedRoundUnavailable(feed, number);
        return found.toRound();
    }

    /// @inheritdoc IAttestedFeed
    function configOf(FeedId feed) external view returns (CommitteeConfig memory config) {
        Feed storage state = _feeds[feed];
        config.version = state.latest.version();
        if (config.version == 0) return config;
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(feed, config.version));
        config.epoch = traits.epoch;
        config.nextEpochAt = state.schedule.activatesAt;
        if (config.nextEpochAt != 0) config.nextVersion = state.schedule.version;
        config.quorum = traits.quorum;
        config.members = traits.sensors;
        config.decimals = traits.decimals;
        config.deviationBps = traits.deviationBps;
        config.heartbeat = traits.heartbeat;
        config.historySize = uint32(1) << traits.historyBits;
        config.tolerance = state.terms.tolerance;
        config.bond = state.terms.bond;
    }

    /// @inheritdoc IAttestedFeed
    function committeeOf(FeedId feed, uint16 version) external view returns (CommitteeKey[] memory keys) {
        if (version == 0 || version > _feeds[feed].schedule.lastVersion) return keys;
        return CommitteeSets.keysOf(SensorSets.load(feed, version));
    }

    /// @inheritdoc IAttestedFeed
    function memberOf(FeedId feed, address member) external view returns (CommitteeMember memory) {
        return _feeds[feed].members[member];
    }

    /// @inheritdoc IAttestedFeed
    function hashAttestation(
        FeedId feed,
        uint32 round,
        uint40 observedAt,
        int128 value,
        uint16 epoch
    ) external view returns (bytes32) {
        return
            CommitteeReports.digest(
                AttestationMessage(CommitteeReports.ATTESTATION_TYPEHASH, feed, round, observedAt, value, epoch),
                _domainSeparatorV4()
            );
    }

    /// @inheritdoc IAttestedFeed
    function hashPossession(FeedId feed, CommitteeKey calldata key, address operator) public view returns (bytes32) {
        return
            MessageHashUtils.toTypedDataHash(
                _domainSeparatorV4(),
                keccak256(abi.encode(POSSESSION_TYPEHASH, feed, key.x, key.y, operator))
            );
    }

    // ---------------------------------------------------------------- write: administration

    /// @inheritdoc IAttestedFeed
    function openFeed(FeedId feed, CommitteeTerms calldata terms) external restricted {
        Feed storage state = _feeds[feed];
        if (state.latest.version() != 0) revert AttestedFeedExists(feed);
        if (terms.bond == 0) revert AttestedBondMissing();
        FeedConfig memory devices = SENSORS.configOf(feed);
        if (devices.epoch == 0) revert ISensorFeeds.FeedUnknown(feed);
        SetTraits memory traits = SetTraits({
            quorum: 0,
            sensors: 0,
            decimals: devices.decimals,
            historyBits: _log2(devices.historySize),
            epoch: 0,
            deviationBps: devices.deviationBps,
            heartbeat: devices.heartbeat,
            minPlausible: devices.minPlausible,
            maxPlausible: devices.maxPlausible
        });
        state.terms = terms;
        state.latest = state.latest.withSet(
            _store(feed, state, CommitteeSets.encode(traits, new CommitteeKey[](0))),
            false
        );
        emit AttestedFeedOpened(feed, terms);
    }

    /// @inheritdoc IAttestedFeed
    function scheduleCommittee(FeedId feed, CommitteeKey[] calldata keys, uint8 quorum) external restricted {
        Feed storage state = _known(feed);
        uint256 n = keys.length;
        if (n > SensorSets.MAX_SENSORS || quorum == 0 || quorum > n) revert ISensorFeeds.FeedQuorumInvalid(quorum, n);
        _requireEnrolled(state, keys);
        SetTraits memory traits = SensorSets.traitsOf(SensorSets.load(feed, state.latest.version()));
        // Nobody relies on a feed that never had a committee.
        uint40 activatesAt = uint40(block.timestamp) + (traits.epoch == 0 ? 0 : ACTIVATION_DELAY);
        traits.quorum = quorum;
        ++traits.epoch;
        bytes memory set = CommitteeSets.encode(traits, keys);
        (uint256 x, ) = CommitteeSets.sumOf(set);
        if (x == 0) revert AttestedKeysCancel();
        uint16 version = _store(feed, state, set);
        state.schedule.version = version;
        state.schedule.activatesAt = activatesAt;
        emit AttestedCommitteeScheduled(feed, traits.epoch, version, activatesAt, quorum, keys);
    }

    /// @inheritdoc IAttestedFeed
    function cancelCommittee(FeedId feed) external restricted {
        Feed storage state = _feeds[feed];
        if (state.schedule.activatesAt == 0) revert ISensorFeeds.FeedNothingScheduled(feed);
        state.schedule.activatesAt = 0;
        emit AttestedCommitteeCancelled(feed, state.schedule.version);
    }

    // ---------------------------------------------------------------- write: members

    /// @inheritdoc IAttestedFeed
    function enrol(FeedId feed, CommitteeKey calldata key, SchnorrSignature calldata proof) external payable {
        Feed storage state = _known(feed);
        if (msg.value != state.terms.bond) revert AttestedBondInvalid(msg.value, state.terms.bond);
        address member = CommitteeSets.memberOf(key.x, key.y);
        CommitteeMember storage record = state.members[member];
        if (record.isBarred) revert AttestedMemberBarred(member);
        if (record.operator != address(0)) revert AttestedMemberKnown(member);
        bytes32 digest = hashPossession(feed, key, msg.sender);
        if (
            !ShareVerifier.isOnCurve(ShareVerifier.Point(key.x, key.y)) ||
            !SchnorrSignatures.verify(key.x, key.y, digest, proof.nonce, proof.s)
        ) revert AttestedPossessionInvalid(member);
        record.operator = msg.sender;
        record.bond = uint96(msg.value);
        emit AttestedMemberEnrolled(feed, member, msg.sender, key);
    }

    /// @inheritdoc IAttestedFeed
    function leave(FeedId feed, address member) external {
        Feed storage state = _known(feed);
        CommitteeMember storage record = state.members[member];
        if (msg.sender != record.operator) revert AttestedNotOperator(msg.sender, record.operator);
        bool serves =
            CommitteeSets.has(SensorSets.load(feed, state.latest.version()), member) ||
                (state.schedule.activatesAt != 0 &&
                    CommitteeSets.has(SensorSets.load(feed, state.schedule.version), member));
        if (serves) revert AttestedMemberServes(member);
        uint40 freeAt = uint40(block.timestamp) + DISPUTE_WINDOW;
        record.freeAt = freeAt;
        emit AttestedMemberLeft(feed, member, freeAt);
    }

    /// @inheritdoc IAttestedFeed
    function releaseBond(FeedId feed, address member) external {
        CommitteeMember storage record = _feeds[feed].members[member];
        (uint40 freeAt, address operator, uint256 amount) = (record.freeAt, record.operator, record.bond);
        if (freeAt == 0 || block.timestamp < freeAt) revert AttestedBondLocked(member, freeAt);
        (record.operator, record.bond, record.freeAt) = (address(0), 0, 0);
        creditOf[operator] += amount;
        emit AttestedBondReleased(feed, member, operator, amount);
    }

    /// @inheritdoc IAttestedFeed
    function withdraw() external nonReentrant {
        uint256 amount = creditOf[msg.sender];
        if (amount == 0) revert AttestedNothingToWithdraw(msg.sender);
        creditOf[msg.sender] = 0;
        emit AttestedCreditPaid(msg.sender, amount);
        Address.sendValue(payable(msg.sender), amount);
    }

    // ---------------------------------------------------------------- write: anyone

    /// @inheritdoc IAttestedFeed
    function activateCommittee(FeedId feed) external {
        Feed storage state = _feeds[feed];
        Schedule memory schedule = state.schedule;
        if (schedule.activatesAt == 0) revert ISensorFeeds.FeedNothingScheduled(feed);
        if (block.timestamp < schedule.activatesAt) revert AttestedTooEarly(schedule.activatesAt);
        state.schedule.activatesAt = 0;
        _putInForce(feed, state, schedule.version);
    }

    /// @inheritdoc IAttestedFeed
    function submit(FeedId feed, bytes calldata report) external {
        AttestationMessage memory message = CommitteeReports.headOf(feed, report);
        Feed storage state = _feeds[feed];
        FeedWord latest = state.latest;
        (uint32 round, uint40 observedAt) = (message.round, message.observedAt);
        if (round <= latest.number()) revert ISensorFeeds.FeedRoundNotNewer(round, latest.number());
        if (observedAt > block.timestamp) revert ISensorFeeds.FeedObservationInFuture(observedAt);
        if (observedAt < latest.observedAt()) {
            revert ISensorFeeds.FeedObservationOutdated(observedAt, latest.observedAt());
        }
        if (latest.version() == 0) revert ISensorFeeds.FeedUnknown(feed);
        bytes memory set = SensorSets.load(feed, latest.version());
        uint256 signers = _signersOf(set, message, report);

        int128 value = message.value;
        bool suspect = SensorSets.isOutside(set, value);
        latest = latest.withRound(value, observedAt, uint40(block.timestamp), round, suspect);
        state.latest = latest;
        state.history[SensorSets.slotOf(set, round)] = latest;
        emit AttestedReported(feed, round, value, observedAt, signers);
        if (suspect) emit AttestedSuspected(feed, round, value);
    }

    /// @inheritdoc IAttestedFeed
    function proveContradiction(
        FeedId feed,
        uint16 version,
        bytes calldata attestation,
        bytes calldata readings
    ) external {
        Feed storage state = _known(feed);
        if (version == 0 || version > state.schedule.lastVersion) revert AttestedVersionUnknown(version);
        bytes memory set = SensorSets.load(feed, version);
        AttestationMessage memory message = CommitteeReports.headOf(feed, attestation);
        uint256 signers = _signersOf(set, message, attestation);
        ReportSummary memory measured = SENSORS.inspectReport(feed, readings);
        if (measured.round != message.round) revert AttestedRoundsDiffer(message.round, measured.round);
        if (!_isContradicted(state, message.value, measured)) {
            revert AttestedReadingsAgree(message.value, measured.lowest, measured.highest);
        }
        uint256 slashed = _slash(feed, state, set, signers);
        bool corrected = _correct(feed, state, measured, SensorSets.slotOf(set, message.round));
        if (slashed == 0 && !corrected) revert AttestedNothingToPunish();
        uint256 reward = slashed / 2;
        creditOf[msg.sender] += reward;
        emit AttestedContradicted(feed, message.round, msg.sender, message.value, measured.median, reward);
        // Those slashed leave the committee in force; a scheduled one leaves them out when its time comes.
        if (slashed != 0) _putInForce(feed, state, state.latest.version());
    }

    // ---------------------------------------------------------------- internal

    function _known(FeedId feed) private view returns (Feed storage state) {
        state = _feeds[feed];
        if (state.latest.version() == 0) revert ISensorFeeds.FeedUnknown(feed);
    }

    /// @dev Stores a set under the next version.
    function _store(FeedId feed, Feed storage state, bytes memory set) private returns (uint16 version) {
        version = state.schedule.lastVersion + 1;
        if (version > FeedRounds.MAX_VERSION) revert ISensorFeeds.FeedSetsExhausted(feed);
        state.schedule.lastVersion = version;
        SensorSets.store(feed, version, set);
    }

    /// @dev Puts a stored set in force, without the members barred meanwhile.
    function _putInForce(FeedId feed, Feed storage state, uint16 version) private {
        bytes memory set = SensorSets.load(feed, version);
        uint256 barred = 0;
        uint256 n = SensorSets.sizeOf(set);
        for (uint256 i = 0; i < n; ++i) {
            (uint256 x, uint256 y) = CommitteeSets.keyAt(set, i);
            if (x != 0 && state.members[CommitteeSets.memberOf(x, y)].isBarred) barred |= 1 << i;
        }
        if (barred != 0) {
            CommitteeSets.remove(set, barred);
            version = _store(feed, state, set);
        } else if (version == state.latest.version()) return;
        state.latest = state.latest.withSet(version, false);
        emit AttestedCommitteeActivated(feed, SensorSets.epochOf(set), version);
    }

    function _requireEnrolled(Feed storage state, CommitteeKey[] calldata keys) private view {
        address[] memory seen = new address[](keys.length);
        for (uint256 i = 0; i < keys.length; ++i) {
            address member = CommitteeSets.memberOf(keys[i].x, keys[i].y);
            CommitteeMember memory record = state.members[member];
            if (record.bond == 0 || record.freeAt != 0) revert AttestedMemberAbsent(i);
            for (uint256 j = 0; j < i; ++j) if (seen[j] == member) revert AttestedMemberRepeated(i);
            seen[i] = member;
        }
    }

    function _signersOf(
        bytes memory set,
        AttestationMessage memory message,
        bytes calldata report
    ) private view returns (uint256) {
        message.epoch = SensorSets.epochOf(set);
        return CommitteeReports.signersOf(set, CommitteeReports.digestInPlace(message, _domainSeparatorV4()), report);
    }

    /// @dev Takes the bonds of the signers; returns their sum.
    function _slash(
        FeedId feed,
        Feed storage state,
        bytes memory set,
        uint256 signers
    ) private returns (uint256 slashed) {
        uint256 n = SensorSets.sizeOf(set);
        for (uint256 i = 0; i < n; ++i) {
            if (signers & (1 << i) == 0) continue;
            (uint256 x, uint256 y) = CommitteeSets.keyAt(set, i);
            address member = CommitteeSets.memberOf(x, y);
            CommitteeMember storage record = state.members[member];
            uint256 bond = record.bond;
            if (bond == 0) continue;
            (record.bond, record.freeAt, record.isBarred) = (0, 0, true);
            slashed += bond;
            emit AttestedMemberSlashed(feed, member, bond);
        }
    }

    /// @dev Replaces the stored value of the round by the devices' median when they contradict it as well.
    function _correct(
        FeedId feed,
        Feed storage state,
        ReportSummary memory measured,
        uint256 slot
    ) private returns (bool) {
        FeedWord stored = state.history[slot];
        uint32 round = measured.round;
        if (stored.number() != round || block.timestamp > uint256(stored.updatedAt()) + DISPUTE_WINDOW) return false;
        int128 value = stored.value();
        if (!_isContradicted(state, value, measured)) return false;
        FeedWord latest = state.latest;
        bool suspect = SensorSets.isOutside(SensorSets.load(feed, latest.version()), measured.median);
        // The time of storing stays, so that the window does not start again.
        stored = stored.withRound(measured.median, stored.observedAt(), stored.updatedAt(), round, suspect);
        state.history[slot] = stored;
        if (latest.number() == round) state.latest = stored.withSet(latest.version(), false);
        emit AttestedCorrected(feed, round, value, measured.median);
        return true;
    }

    /// @dev Whether all readings lie on one side of `value`, each further away than the tolerance.
    function _isContradicted(
        Feed storage state,
        int128 value,
        ReportSummary memory measured
    ) private view returns (bool) {
        int256 tolerance = int256(uint256(state.terms.tolerance));
        return int256(measured.lowest) - value > tolerance || int256(value) - measured.highest > tolerance;
    }

    function _isFresh(FeedWord latest, uint32 heartbeat) private view returns (bool) {
        return block.timestamp <= uint256(latest.observedAt()) + heartbeat;
    }

    /// @dev Of a power of two.
    function _log2(uint32 value) private pure returns (uint8 bits) {
        while (uint256(1) << bits < value) ++bits;
    }
}
