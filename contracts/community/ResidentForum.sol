// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {CredentialType, ICredentialReader} from "../foundation/interfaces/ICredentialReader.sol";
import {IEquipmentRegister} from "./interfaces/IEquipmentRegister.sol";
import {Dispute, IResidentForum, ResidentSubject} from "./interfaces/IResidentForum.sol";

/// @title ResidentForum
/// @notice Reports and confirmations by residents; disputes, and inspections by lot, judged by a drawn panel.
contract ResidentForum is IResidentForum, ReentrancyGuardTransient {
    struct Tally {
        uint32 round;
        uint16 count;
        uint40 firstAt;
        uint40 agreedAt;
    }

    /// @notice How long the words of one round stay good, seconds.
    uint256 public constant ROUND = 1 days;
    /// @notice From the dispute to the end of the vote, seconds.
    uint256 public constant PANEL_WINDOW = 5 days;
    /// @notice Blocks between the dispute and the draw, so that the plaintiff cannot choose the panel; and between a
    /// nomination and the block whose hash is the lot, so that nobody can choose that.
    uint256 public constant DRAW_DELAY = 2;
    /// @notice Of so many nominated repairs, one is inspected on average.
    uint256 public constant INSPECTED_ONE_IN = 8;
    /// @notice Most tries to find panel members who are still residents.
    uint256 private constant DRAW_TRIES = 24;

    ICredentialReader public immutable CREDENTIALS;
    IEquipmentRegister public immutable REGISTER;
    /// @notice Residents who must agree; all of them where a community has fewer.
    uint16 public immutable CONFIRMATIONS;
    /// @inheritdoc IResidentForum
    uint256 public immutable disputeBond;

    /// @notice Number of residents of a community.
    mapping(address community => uint32) public residentCount;
    /// @notice Resident at a place of the roll.
    mapping(address community => mapping(uint32 index => address)) public residentAt;
    mapping(address community => mapping(address resident => uint32)) private _placePlusOne;
    mapping(uint32 device => mapping(ResidentSubject subject => Tally)) private _tallies;
    mapping(uint32 device => mapping(ResidentSubject subject => mapping(uint32 round => mapping(address => bool))))
        private _said;
    mapping(bytes32 id => Dispute) private _disputes;
    mapping(bytes32 id => mapping(address member => bool)) private _voted;
    /// @notice Number of the block whose hash decides on the inspection of a repair; 0: not nominated.
    mapping(bytes32 id => uint40) public drawBlockOf;

    constructor(ICredentialReader credentials, IEquipmentRegister register, uint16 confirmations, uint256 bond) {
        CREDENTIALS = credentials;
        REGISTER = register;
        CONFIRMATIONS = confirmations;
        disputeBond = bond;
    }

    // read

    /// @notice The credential of a community's residents: keccak256(abi.encode("publica.resident", community)).
    function residentType(address community) public pure returns (CredentialType) {
        return CredentialType.wrap(keccak256(abi.encode("publica.resident", community)));
    }

    /// @inheritdoc IResidentForum
    function isResident(address community, address account) public view returns (bool) {
        return _placePlusOne[community][account] != 0 && CREDENTIALS.isValid(residentType(community), account);
    }

    /// @inheritdoc IResidentForum
    function agreedAt(uint32 device, ResidentSubject subject) external view returns (uint40) {
        return _tallies[device][subject].agreedAt;
    }

    /// @notice A dispute.
    function disputeOf(bytes32 id) external view returns (Dispute memory) {
        return _disputes[id];
    }

    /// @inheritdoc IResidentForum
    function disputeId(address court, bytes32 reference_) public pure returns (bytes32) {
        return keccak256(abi.encode(court, reference_));
    }

    /// @inheritdoc IResidentForum
    function verdictOf(bytes32 id) public view returns (bool decided, bool upheld) {
        Dispute storage dispute = _disputes[id];
        uint8 votesFor = dispute.votesFor;
        uint8 votesAgainst = dispute.votesAgainst;
        decided = votesFor > 1 || votesAgainst > 1 || (dispute.voteUntil != 0 && block.timestamp > dispute.voteUntil);
        // Where the panel does not speak, the device's evidence stands.
        upheld = decided && votesFor > votesAgainst;
    }

    /// @inheritdoc IResidentForum
    function lotOf(bytes32 id) public view returns (bool known, bool chosen) {
        uint256 drawBlock = drawBlockOf[id];
        // Zero before the block, and again 256 blocks after it.
        bytes32 lot = blockhash(drawBlock);
        known = drawBlock != 0 && lot != 0;
        chosen = known && uint256(keccak256(abi.encode(lot, id))) % INSPECTED_ONE_IN == 0;
    }

    // write

    /// @notice Enters the caller, who holds the community's credential, on its roll.
    function enrol(address community) external {
        if (_placePlusOne[community][msg.sender] != 0 || !CREDENTIALS.isValid(residentType(community), msg.sender))
            revert ForumNotResident(community, msg.sender);
        uint32 index = residentCount[community]++;
        residentAt[community][index] = msg.sender;
        _placePlusOne[community][msg.sender] = index + 1;
        emit ResidentEnrolled(community, msg.sender, index);
    }

    /// @notice Takes an account whose credential has ended off the roll; anyone.
    function strike(address community, address resident) external {
        uint32 place = _placePlusOne[community][resident];
        if (place == 0) revert ForumNotResident(community, resident);
        if (CREDENTIALS.isValid(residentType(community), resident)) revert ForumStillResident(community, resident);
        uint32 last = --residentCount[community];
        address moved = residentAt[community][last];
        residentAt[community][place - 1] = moved;
        _placePlusOne[community][moved] = place;
        delete residentAt[community][last];
        delete _placePlusOne[community][resident];
        emit ResidentStruck(community, resident);
    }

    /// @notice Says that a device is broken or that it works again; residents of the owner's community.
    function say(uint32 device, ResidentSubject subject) external {
        address community = REGISTER.partiesOf(device).owner;
        if (!isResident(community, msg.sender)) revert ForumNotResident(community, msg.sender);
        Tally memory tally = _tallies[device][subject];
        if (block.timestamp > tally.firstAt + ROUND) {
            ++tally.round;
            tally.count = 0;
            tally.firstAt = uint40(block.timestamp);
        }
        if (_said[device][subject][tally.round][msg.sender]) revert ForumAlreadySaid(device, msg.sender);
        _said[device][subject][tally.round][msg.sender] = true;
        ++tally.count;
        uint32 residents = residentCount[community];
        bool agreed = tally.count >= CONFIRMATIONS || tally.count >= residents;
        if (agreed) {
            tally.agreedAt = uint40(block.timestamp);
            // The next word begins a new round.
            tally.firstAt = 0;
        }
        _tallies[device][subject] = tally;
        emit ResidentSaid(device, subject, msg.sender, tally.count);
        if (agreed) emit ResidentsAgreed(device, subject);
    }

    /// @inheritdoc IResidentForum
    function openDispute(
        bytes32 reference_,
        address community,
        address plaintiff
    ) external payable returns (bytes32 id) {
        id = disputeId(msg.sender, reference_);
        if (msg.value != disputeBond || _disputes[id].voteUntil != 0)
            revert ForumDisputeRefused(msg.value, disputeBond);
        _convene(id, community).plaintiff = plaintiff;
        emit DisputeOpened(id, community, plaintiff);
    }

    /// @inheritdoc IResidentForum
    function nominate(bytes32 reference_) external returns (bytes32 id) {
        id = disputeId(msg.sender, reference_);
        if (drawBlockOf[id] != 0) revert ForumNominatedBefore(id);
        uint40 drawBlock = uint40(block.number + DRAW_DELAY);
        drawBlockOf[id] = drawBlock;
        emit RepairNominated(id, drawBlock);
    }

    /// @inheritdoc IResidentForum
    function openInspection(bytes32 reference_, address community) external returns (bytes32 id) {
        id = disputeId(msg.sender, reference_);
        (, bool chosen) = lotOf(id);
        if (!chosen || _disputes[id].voteUntil != 0) revert ForumNotChosen(id, drawBlockOf[id]);
        // There is no bond to pay back.
        _convene(id, community).paid = true;
        emit InspectionOpened(id, community);
    }

    /// @notice Draws the panel; anyone, once, DRAW_DELAY blocks after the dispute or later.
    function drawPanel(bytes32 id) external {
        Dispute storage dispute = _disputes[id];
        address community = dispute.community;
        uint32 residents = residentCount[community];
        if (dispute.voteUntil == 0 || dispute.drawn || block.number < dispute.drawFrom || residents == 0)
            revert ForumDrawNotReady(id, dispute.drawFrom);
        dispute.drawn = true;
        address[3] memory panel;
        uint256 seats;
        for (uint256 i = 0; i < DRAW_TRIES && seats < 3; ++i) {
            uint256 draw = uint256(keccak256(abi.encode(block.prevrandao, id, i)));
            address candidate = residentAt[community][uint32(draw % residents)];
            bool known = candidate == dispute.plaintiff || candidate == panel[0] || candidate == panel[1];
            if (known || !CREDENTIALS.isValid(residentType(community), candidate)) continue;
            panel[seats++] = candidate;
        }
        dispute.panel = panel;
        emit PanelDrawn(id, panel);
    }

    /// @notice Votes on a dispute; a drawn member, once.
    function vote(bytes32 id, bool uphold) external {
        Dispute storage dispute = _disputes[id];
        address[3] memory panel = dispute.panel;
        bool member = msg.sender == panel[0] || msg.sender == panel[1] || msg.sender == panel[2];
        if (!member || _voted[id][msg.sender] || block.timestamp > dispute.voteUntil)
            revert ForumNoVote(id, msg.sender);
        _voted[id][msg.sender] = true;
        if (uphold) ++dispute.votesFor;
        else ++dispute.votesAgainst;
        emit PanelVoted(id, msg.sender, uphold);
    }

    /// @notice Pays the bond: to the plaintiff when upheld, else to the community; anyone calls.
    function payBond(bytes32 id) external nonReentrant {
        Dispute storage dispute = _disputes[id];
        (bool decided, bool upheld) = verdictOf(id);
        if (!decided || dispute.paid) revert ForumBondNotDue(id);
        dispute.paid = true;
        address to = upheld ? dispute.plaintiff : dispute.community;
        emit DisputeBondPaid(id, to, disputeBond);
        (bool paid, ) = to.call{value: disputeBond}("");
        if (!paid) revert ForumPaymentFailed(to);
    }

    // internal

    function _convene(bytes32 id, address community) private returns (Dispute storage dispute) {
        dispute = _disputes[id];
        dispute.community = community;
        dispute.drawFrom = uint40(block.number + DRAW_DELAY);
        dispute.voteUntil = uint40(block.timestamp + PANEL_WINDOW);
    }
}
